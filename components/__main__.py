"""The component for programs in other languages, where the engine runs this folder as a plugin."""

from pulumi_image_pull_secrets.plugin import main

if __name__ == "__main__":
    main()
