"""What the workflows do besides running pulumi, as commands that do the same on a laptop."""
