"""All checks, as data; docs/checks.md is generated from them.

A code never changes its meaning, since scripts name it. In a fix, ``{namespace}`` and the like are a finding's names,
and words in capitals are for the reader to fill in.
"""

from functools import partial

from .findings import Check, Milder, Severity

_LOGIN = "--docker-server={registry} --docker-username=USER --docker-password=PASSWORD"
_CREATE = f"kubectl -n {{namespace}} create secret docker-registry {{name}} {_LOGIN}"
_APPLIED = "--dry-run=client -o yaml | kubectl apply -f -"
_REPLACE = f"{_CREATE} {_APPLIED}"
_OTHER = f"kubectl -n {{namespace}} create secret docker-registry SECRET {_LOGIN}"
_FILE = "--type=kubernetes.io/dockerconfigjson --from-file=.dockerconfigjson=FILE"
_IN_ITS_PLACE = "# and name it in the list in place of {name}"
_EDIT = "kubectl -n {namespace} edit {resource} {name}"
_EVENTS = "kubectl get events -A --field-selector reason=Failed | grep -F {registry}"

_WARNING_UNLESS_FAILING = Milder(Severity.WARNING, "no pod fails because of it")
_NOTE_UNLESS_FAILING = Milder(Severity.NOTE, "no pod fails because of it")
_WARNING_UNLESS_NAMED = Milder(Severity.WARNING, "no account, pod or template names the Secret")
_NOTE_UNLESS_NAMED = Milder(Severity.NOTE, "no account, pod or template names the Secret")


def _check(
    severity: Severity, code: str, title: str, explanation: str, fix: str, milder: Milder | None = None
) -> Check:
    return Check(code, severity, title, explanation, fix, milder)


_error = partial(_check, Severity.ERROR)
_warning = partial(_check, Severity.WARNING)
_note = partial(_check, Severity.NOTE)

SECRET_MISSING = _error(
    "secret-missing",
    "Secret is named but missing",
    "An account, or a pod's own list, names a Secret that isn't there. The kubelet passes it over and pulls without "
    "it, so that a private image is refused. Once the Secret is made, a stuck pod pulls at its next try, within five "
    "minutes.",
    _CREATE,
)
SECRET_WRONG_TYPE = _error(
    "secret-wrong-type",
    "Secret has a type that no kubelet pulls with",
    "The kubelet reads only Secrets of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`, and "
    "passes over any other, whatever is in it. A Secret's type can't be changed, and something else may use this one; "
    "make another beside it.",
    f"{_OTHER}  {_IN_ITS_PLACE}",
    _WARNING_UNLESS_FAILING,
)
SECRET_UNREADABLE = _error(
    "secret-unreadable",
    "Secret's content can't be read",
    "What is in the Secret is not the JSON that a kubelet expects. It fails every pull of every pod that lists the "
    "Secret, also of public images, and also where another Secret in the list would do.",
    _REPLACE,
    _WARNING_UNLESS_NAMED,
)
SECRET_AUTH_UNDECODABLE = _error(
    "secret-auth-undecodable",
    "Secret has an auth that can't be decoded",
    "An entry's `auth` must be base64 of `username:password`. One that isn't fails every pull of every pod that lists "
    "the Secret, also from other registries: the kubelet gives up on the whole list.",
    _REPLACE,
    _WARNING_UNLESS_NAMED,
)
SECRET_AUTH_DISAGREES = _error(
    "secret-auth-disagrees",
    "Secret's auth is another login than its username and password",
    "An entry holds a login twice: in `username` and `password`, and in `auth`. Where they differ, the kubelet uses "
    "`auth`, and other tools may use the other. Usually somebody changed one of the two.",
    _REPLACE,
    _WARNING_UNLESS_FAILING,
)
SECRET_KEY_NEVER_MATCHES = _error(
    "secret-key-never-matches",
    "Secret has a key that matches no image",
    "The kubelet looks a login up by the key in `auths`: a host with an optional port, and an optional path with which "
    "the image's name must start. Docker Hub's key is `https://index.docker.io/v1/`, with the slash at its end. A key "
    "with another scheme, a tag, capitals or a typo in these parts is never used, and no message says so.",
    _REPLACE,
    _WARNING_UNLESS_FAILING,
)
SECRET_TOKEN_EXPIRED = _error(
    "secret-token-expired",
    "Secret's token has expired",
    "The password is a token whose time is over: a JSON Web Token by its `exp`, an ECR password by what it says itself "
    "or 12 hours after it was written, any Secret by its annotation `image-pull-secrets/expires`. Pods that run go on "
    "until their image has to be pulled again, such as on a new node.",
    _REPLACE,
    _WARNING_UNLESS_NAMED,
)
SECRET_TOKEN_EXPIRING = _warning(
    "secret-token-expiring",
    "Secret's token expires soon",
    "The password is a token with little of its time left: less than a quarter of it, and less than three days. "
    "Whatever renews it may be broken, or nothing does.",
    _REPLACE,
    _NOTE_UNLESS_NAMED,
)
SECRET_EMPTY = _error(
    "secret-empty",
    "Secret holds no login",
    "There is nothing under the Secret's key, no entry in it, or an entry without a user name and a password. The "
    "kubelet then pulls without a login. A `config.json` of a machine with a credential store looks so: the passwords "
    "are in the store. An `identitytoken` is no password for a kubelet.",
    _REPLACE,
    _WARNING_UNLESS_FAILING,
)
SECRET_REFUSED = _error(
    "secret-refused",
    "Registry refuses the Secret's login",
    "Asked with `--verify`, the registry refused a login of the Secret: the password is wrong, was changed or revoked, "
    "or its user may not read the image. Pods that run go on until their image has to be pulled again. Some registries "
    "also answer so for an image that isn't there.",
    _REPLACE,
    Milder(Severity.WARNING, "another login in the pods' lists may do"),
)
SECRET_ENTRY_SHADOWED = _error(
    "secret-entry-shadowed",
    "Secret has two entries for the same images",
    "Two keys of a Secret come to the same, such as `ghcr.io` and `https://ghcr.io`, and their logins differ. Of one "
    "key that stands twice only the last counts; of two spellings the kubelet tries both, in an order that changes. "
    "Docker Hub's `https://index.docker.io/v1/` isn't tried at all where there is a `docker.io`.",
    _REPLACE,
    _WARNING_UNLESS_FAILING,
)
ACCOUNT_WITHOUT_SECRET = _error(
    "account-without-secret",
    "ServiceAccount has no pull secret, though its pods need one",
    "Pods of the account are refused by a registry, or pull from one for which a Secret of the namespace has a login, "
    "and neither the account nor the pods name a Secret. Some registries also answer so for an image that isn't there, "
    "and nodes of a cloud may log in to its registry by themselves. Pods that exist keep the empty list that they were "
    "created with; recreate those that are stuck.",
    'kubectl -n {namespace} patch serviceaccount {name} -p \'{{"imagePullSecrets": [{{"name": "{secret}"}}]}}\' && '
    "pull-secrets restart -n {namespace}",
    _NOTE_UNLESS_FAILING,
)
ACCOUNT_DANGLING_ENTRY = _warning(
    "account-dangling-entry",
    "ServiceAccount names a Secret that is missing",
    "New pods of the account get the name, and the kubelet passes it over. Nothing fails for want of it now; where "
    "pods do, this is told as `secret-missing`.",
    _EDIT + "  # take {secret} out of imagePullSecrets, or make the Secret",
)
ACCOUNT_RETIRED_ENTRY = _warning(
    "account-retired-entry",
    "ServiceAccount names a Secret that its owner has retired",
    "The Secret was made by ImagePullSecrets, and its owner doesn't attach it to this account any more: no annotation "
    "on the account names it. New pods still get the name, and will miss the Secret when it goes.",
    _EDIT + "  # take {secret} out of imagePullSecrets",
)
ACCOUNT_DUPLICATE_ENTRY = _note(
    "account-duplicate-entry",
    "ServiceAccount names a Secret twice",
    "It does no harm. Two tools may be attaching it, and one of them will be surprised when the other takes it off.",
    _EDIT + "  # leave {secret} in imagePullSecrets once",
)
ACCOUNT_ALWAYS_OVERRIDDEN = _note(
    "account-always-overridden",
    "ServiceAccount's entries reach no pod",
    "Every pod of the account brings a list of its own, and admission adds the account's only to pods without one. "
    "A new password or Secret name on the account will reach none of them.",
    "kubectl -n {namespace} get pods -o 'custom-columns=POD:.metadata.name,ACCOUNT:.spec.serviceAccountName,"
    "SECRETS:.spec.imagePullSecrets[*].name'",
)
POD_UNAUTHORIZED = _error(
    "pod-unauthorized",
    "Registry refuses the login",
    "A login serves the image, and the registry refuses it: the password is wrong, was changed or revoked, or its user "
    "may not read this repository. Some registries also answer so for a repository that isn't there.",
    "pull-secrets doctor -n {namespace} --verify  # then write the right login into Secret {secret}",
)
POD_NO_CREDENTIAL = _error(
    "pod-no-credential",
    "No login serves the image",
    "The registry wants a login, and none of the Secrets in the pod's list has one for it. A key with a path serves "
    "only images whose names start with it. Some registries also answer so for an image that isn't there.",
    f"{_OTHER}  # and name it in the list",
    _WARNING_UNLESS_FAILING,
)
POD_IMAGE_NOT_FOUND = _error(
    "pod-image-not-found",
    "Image is not in the registry",
    "The registry has no such repository, tag or digest. A few registries also answer so to a user who may not see it.",
    _EDIT + "  # image {image}",
    _WARNING_UNLESS_FAILING,
)
POD_RATE_LIMITED = _error(
    "pod-rate-limited",
    "Pulls are limited",
    "The registry, or the kubelet itself (`pull QPS exceeded`), takes no more pulls for now. Docker Hub counts pulls "
    "without a login by the node's address, and allows more with one. The kubelet tries again by itself.",
    _EVENTS,
)
POD_DNS = _error(
    "pod-dns",
    "Node can't resolve the registry's name",
    "The node asks its own DNS server, not the cluster's: a Service's name isn't known there.",
    _EVENTS,
)
POD_TLS = _error(
    "pod-tls",
    "Node doesn't trust the registry, or it speaks no TLS",
    "The registry's certificate isn't accepted by the node, or the registry answers without TLS. Which authorities are "
    "trusted, and which registries may go without TLS, is set for the container runtime on each node.",
    _EVENTS,
)
POD_TIMEOUT = _error(
    "pod-timeout",
    "Registry doesn't answer in time",
    "A firewall, a proxy that the container runtime doesn't know, or an overloaded registry.",
    _EVENTS,
)
POD_UNREACHABLE = _error(
    "pod-unreachable",
    "Registry can't be reached, or is broken",
    "The connection is refused or breaks, there is no route, or the registry answers with an error of its own (5xx).",
    _EVENTS,
)
POD_WRONG_ARCHITECTURE = _error(
    "pod-wrong-architecture",
    "Image isn't made for the node",
    "The image has no variant for the node's operating system and architecture. Build it for both, or keep the pods on "
    "nodes of the right one with `nodeSelector: kubernetes.io/arch`.",
    "kubectl get nodes -L kubernetes.io/os,kubernetes.io/arch  # image {image}",
)
POD_DISK_FULL = _error(
    "pod-disk-full",
    "Node has no room for the image",
    "The node's disk is full. The kubelet removes images that nobody uses only from a threshold on.",
    "kubectl -n {namespace} get pods -o wide  # and make room on the node",
)
POD_INVALID_IMAGE_NAME = _error(
    "pod-invalid-image-name",
    "Image's name can't be pulled",
    "It isn't a name by the rules (lower-case letters, no variable left unfilled), or it is a short name, which CRI-O "
    "from 1.34 on refuses where more than one registry could be meant.",
    _EDIT + "  # image {image}",
)
POD_NEVER_PULLED = _error(
    "pod-never-pulled",
    "Image isn't on the node, and may not be pulled",
    "`imagePullPolicy: Never` takes only what is on the node already. From Kubernetes 1.35 on it also fails where the "
    "image is there but was pulled with a login that this pod doesn't have.",
    _EDIT + "  # imagePullPolicy of image {image}",
)
POD_PULL_FAILS = _error(
    "pod-pull-fails",
    "Image isn't pulled",
    "The kubelet's message is none that this program knows, or there is none: events are kept for an hour.",
    "kubectl -n {namespace} get events --field-selector reason=Failed",
)
POD_PREDATES_ACCOUNT = _error(
    "pod-predates-account",
    "Pod was created before its account got the Secret",
    "The API server copies an account's list into a pod when the pod is created, and never again. These pods lack a "
    "Secret that the account has by now, and that serves their image. New pods have it. What a restart leaves alone, "
    "since no controller would make a new pod or the list may be the manifest's, has a command of its own.",
    "pull-secrets restart -n {namespace}",
    _WARNING_UNLESS_FAILING,
)
POD_OWN_LIST = _error(
    "pod-own-list",
    "Pod's own list hides its account's",
    "A pod that names Secrets itself gets none from its account.",
    "kubectl -n {namespace} get {resource} {name} -o yaml  # take imagePullSecrets out of what creates it",
    _NOTE_UNLESS_FAILING,
)
POD_DANGLING_ENTRY = _warning(
    "pod-dangling-entry",
    "Pod names a Secret that is missing",
    "A pod's own list, or a template's, names a Secret that isn't there. The kubelet passes it over. Nothing fails for "
    "want of it now; where pods do, this is told as `secret-missing`.",
    _EDIT + "  # take {secret} out of imagePullSecrets, or make the Secret",
)
POD_POLICY_HIDES = _warning(
    "pod-policy-hides",
    "Pods run only because their image is on the node",
    "Their `imagePullPolicy` is `IfNotPresent` or `Never`, so nobody notices that the login for their image doesn't "
    "work. They fail on the next node. What is wrong with the login is a finding of its own.",
    "pull-secrets doctor -n {namespace}  # with the options of this run; it tells {cause}",
)
POD_NOT_VERIFIED = _note(
    "pod-not-verified",
    "Registry can't be asked from here",
    "Asked with `--verify`, the registry gave no answer, or none that says whether an image can be pulled. That is so "
    "for the machine that runs `pull-secrets`; nodes may be in another network, and have mirrors, proxies and "
    "certificates of their own. A private authority's certificates are named with `--ca-file`.",
    "curl -I {address}/v2/",
)
CONTROLLER_OVERRIDES_ACCOUNT = _error(
    "controller-overrides-account",
    "Template's list hides its account's",
    "The pod template names Secrets itself, so that its pods get none from their account.",
    _EDIT + "  # take imagePullSecrets out of the pod template",
    _NOTE_UNLESS_FAILING,
)
COVERAGE_NAMESPACE = _error(
    "coverage-namespace",
    "Stack doesn't list a namespace whose pods need it",
    "Pods there pull images that the stack's registries serve, without a login of their own.",
    "add to image-pull-secrets:namespaces in {file}: {{name: {namespace}, serviceAccounts: [{accounts}]}}",
    _NOTE_UNLESS_FAILING,
)
COVERAGE_ACCOUNT = _error(
    "coverage-account",
    "Stack doesn't list an account whose pods need it",
    "The stack lists the namespace, and not this account. Its pods pull images that the stack's registries serve, "
    "without a login of their own.",
    "add {name} to serviceAccounts of {namespace}, in image-pull-secrets:namespaces of {file}",
    _NOTE_UNLESS_FAILING,
)

REPLACE_OWNED = "pulumi up --refresh  # of {owner}, which wrote {name}; correct its registries first"
"""In place of a Secret check's fix, where a component made the Secret: its next up would undo what is typed by hand."""
REPLACE_WHOLE = (
    f"kubectl -n {{namespace}} create secret generic {{name}} {_FILE} {_APPLIED}  # FILE: JSON of all its logins"
)
"""As well, where one login in the place of all that is there may lose others."""
REPLACE_LEGACY = f"{_OTHER}  {_IN_ITS_PLACE}"
"""As well, for type ``kubernetes.io/dockercfg``: kubectl makes none, and a Secret's type can't be changed."""
REPLACE_WHOLE_LEGACY = (
    f"kubectl -n {{namespace}} create secret generic SECRET {_FILE}  {_IN_ITS_PLACE}; FILE: JSON of all its logins"
)
"""As well, for one of that type with several logins."""
RECREATE_BARE = "pull-secrets restart -n {namespace} --include-bare  # evicted for good; keep the manifest"
"""In place of the fix of pods that predate their account, where nothing controls them and they wait."""
RECREATE_BARE_LATER = "kubectl -n {namespace} get pod {pod} -o yaml  # make it anew from its manifest when it may stop"
"""As well, where they run."""
RECREATE_MAYBE_OWN = (
    "kubectl -n {namespace} get pod {pod} -o yaml  # take imagePullSecrets out of its manifest if they are there, and "
    "make it anew"
)
"""As well, where their list may be their manifest's."""

CHECKS: tuple[Check, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Check))
"""All of them, by category."""
OF_REGISTRIES = (SECRET_REFUSED, POD_NOT_VERIFIED)
"""Those that only registries' answers can tell."""
BY_CODE = {check.code: check for check in CHECKS}
