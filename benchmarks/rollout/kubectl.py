"""Contender: what people type, once for each namespace, one after the other or several at a time."""

import os
import subprocess
import sys

from benchmarks.rollout.work import ADD, DESTROY, FIRST, SECRET_NAME, SERVER, USERNAME, Work

_SECRET = (
    '"$KUBECTL" create secret docker-registry "$NAME" -n "$0" --save-config'
    ' --docker-server="$SERVER" --docker-username="$USERNAME" --docker-password="$PASSWORD"'
)
_PATCH = '"$KUBECTL" patch serviceaccount default -n "$0" -p'
_SCRIPTS = {
    FIRST: f'{_SECRET} && {_PATCH} "{{\\"imagePullSecrets\\":[{{\\"name\\":\\"$NAME\\"}}]}}"',
    DESTROY: f'{_PATCH} \'{{"imagePullSecrets":null}}\' && "$KUBECTL" delete secret "$NAME" -n "$0"',
}
_ROTATE = f'{_SECRET} --dry-run=client -o yaml | "$KUBECTL" apply -f -'


def main() -> None:
    """The one argument is how many are done at a time."""
    work, parallel = Work.read(), sys.argv[1]
    script = _SCRIPTS.get(FIRST if work.operation == ADD else work.operation, _ROTATE)
    namespaces = work.namespaces[-1:] if work.operation == ADD else work.namespaces
    environment = {
        **os.environ,
        "KUBECTL": work.parts["kubectl"],
        "KUBECONFIG": work.kubeconfig,
        "NAME": SECRET_NAME,
        "SERVER": SERVER,
        "USERNAME": USERNAME,
        "PASSWORD": work.password,
    }
    command = ["xargs", "-P", parallel, "-n", "1", "sh", "-c", script]
    subprocess.run(
        command, input="\n".join(namespaces), env=environment, text=True, check=True, stdout=subprocess.DEVNULL
    )


if __name__ == "__main__":
    main()
