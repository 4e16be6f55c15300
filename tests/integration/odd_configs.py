"""Images, keys and Secrets to try a keyring with: of the sorts that there are, and of those that go wrong.

Most draws are from lists, which is what makes a hundred thousand of them a matter of minutes.
"""

import base64
import json
from itertools import product

from hypothesis import strategies as st
from pulumi_image_pull_secrets.keyring import Kind

Content = tuple[Kind, str | bytes]


def _words(text: str) -> list[str]:
    return text.split()


_DIGITS = "0123456789abcdef" * 4
_SHA256 = f"@sha256:{_DIGITS}"
_HOSTS = ["ghcr.io", "docker.io", "index.docker.io", "quay.io", "localhost", "acme.azurecr.io", "registry", "[::1]"]
_HOSTS += ["123456789012.dkr.ecr.eu-central-1.amazonaws.com"]
_ODD_HOSTS = _words("""
    GHCR.IO Docker.io GHCR A_b.io registry-1.docker.io hub.docker.com 127.0.0.1 my_registry.io a__b.io a_-b.io a-.b
    -a.io a-.io a..b ghcr.io. .io xn--mgbh0fb.io é.io ~.io a[b].io [::1 ::1] [::] [::A] [A::b] [1:2::] [1] [::g]
    [::ffff:1.2.3.4] [fe80::1%25eth0] [1:2:3:4:5:6:7:8] [1:2:3:4:5:6:7::] [1:2:3:4:5:6:7:8::] [::00001] 1:2:3:4:5:6:7:8
""")
_ODD_HOSTS += ["", "a b.io"]
_WILDCARDS = _words(r"""
    * *.io *.* ghcr.* g*r.io g**.io *.docker.io *.dkr.ecr.*.amazonaws.com *.azurecr.io a*.azurecr.io *e.azurecr.io
    a*m*e.azurecr.io acme*.azurecr.io *.*.* *.*.*.*.*.* l* *l* *] a*_b.io registry* *-*.io -*.io ghcr.?o ghcr.[i]o
    ghcr.\io *%C3%A9.io
""")
_PORTS = ["", "", "", "", "", ":5000", ":5000", ":443", ":", ":05000", ":http", ":1:2", ":99999999"]
_KEY_PATHS = _words("""
    / /v1/ /v2/ /v1 /v2 /v2/acme /v1/v2/ /v2// /v2/v /acme /acme/ /ac /acme/app /acme/app/ /acme- /acme-- /acme_
    /acme__ /acme___ /acme. /acme.- /library /Acme /acme:1 /acme@x /* /ac* // //acme /%61cme /acme%2Fapp /acme%
    /acme%zz /%2561cme /%3F /%3Fx /acme%23 ?x #x /acme?x /acme#% /é /%ff
""")
_KEY_PATHS += ["", "", "", "/ ", "/acme?\x01", *("/" + "a" * length for length in (252, 253, 254, 255, 256))]
_SCHEMES = _words("""
    https:// https:// http:// HTTPS:// ftp:// oci:// https:/ // https://https:// bot@ bot:pw@ https://bot:pw@ b%61t@
    b%zzt@ é@ a@b@
""")
_SCHEMES += ["", "", "", "", "", "b t@", " ", "\t", "\x00"]
_REPOSITORIES = _words("""
    app acme/app acme/app acme/app/web acme-corp/app acme_corp acme.corp library/nginx v2/app v2ray/core v1 a__b/c
    a___b/c Acme/app acme/App / acme/ acme//app é a:1/b
""")
_REPOSITORIES += ["", "acme\n", *("a" * length for length in (247, 248, 255, 256)), "a/" * 127 + "a", "a/" * 128]
_REPOSITORIES += [_DIGITS, _DIGITS[1:]]
_TAGS = ["", "", "", ":1", ":latest", ":1.0-RC_1", ":" + "a" * 128, ":" + "a" * 129, ":-1", ":.1", ":", ":é", ":1\n"]
_TAGS += [":1/2", _SHA256, ":1" + _SHA256, "@sha256:", "@sha256:0", _SHA256.upper(), _SHA256 + "0", _SHA256 + ":1"]
_TAGS += ["@sha384:" + "a" * 96, "@sha512:" + "a" * 128, "@sha512:" + "a" * 64, "@md5:" + "a" * 32]
_TAGS += ["@sha256+b64:" + "a" * 64]


def _joined(*parts: list[str]) -> st.SearchStrategy[str]:
    return st.tuples(*map(st.sampled_from, parts)).map("".join)


def _weighted(*strategies: tuple[int, st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    # one_of takes a strategy that is given twice as given once.
    return st.sampled_from([each for weight, each in strategies for _ in range(weight)]).flatmap(lambda each: each)


_TROUBLE = st.lists(st.sampled_from([*"aA1.:/-_[]*@% ?#\\é~\n\ud7ff\uffff\U0001f600"]), max_size=8).map("".join)
_LIKELY_KEYS = _joined(
    ["", "", "https://", "http://", "bot@"],
    ["ghcr.io", "ghcr.io", "*.io", "gh*.io", "docker.io", "index.docker.io", "[::1]:5000", "localhost"],
    ["", "", "/", "/v1/", "/v2/", "/acme", "/acme/", "/acme/app", "/v2/acme", "/library", "/ac", "?x"],
)
KEYS = _weighted(
    (5, _LIKELY_KEYS), (4, _joined(_SCHEMES, _HOSTS * 3 + _WILDCARDS + _ODD_HOSTS, _PORTS, _KEY_PATHS)), (1, _TROUBLE)
)
"""What stands in ``auths``."""
ADDRESSES = st.one_of(KEYS, st.tuples(st.sampled_from(_SCHEMES), _TROUBLE, st.sampled_from(_KEY_PATHS)).map("".join))
"""What people type for a registry."""
_LIKELY_IMAGES = _joined(
    ["", "ghcr.io/", "ghcr.io/", "docker.io/", "index.docker.io/", "[::1]:5000/", "localhost/"],
    ["acme/app", "acme/app", "acme", "acme-corp/app", "library/nginx", "v2/acme"],
    ["", "", ":1", _SHA256, ":1" + _SHA256],
)
_ODD_IMAGES = _joined(_HOSTS + _ODD_HOSTS, _PORTS, [f"/{repository}" for repository in _REPOSITORIES], _TAGS)
IMAGES = st.lists(
    _weighted(
        (9, _LIKELY_IMAGES),
        (3, _joined(_HOSTS, ["/app", "/acme/app", "/acme/app:1"])),
        (2, _joined(_REPOSITORIES, _TAGS)),
        (5, _ODD_IMAGES),
        (1, _TROUBLE),
    ),
    min_size=10,
    max_size=10,
)
"""Ten at a time."""
SOME_IMAGES = [
    f"{host}/{repository}"
    for host in ("docker.io", "ghcr.io", "GHCR", "localhost", "a_b.io", "[::1]", "[::1]:5000", "registry:5000", "a.b:1")
    for repository in ("acme/app", "library/nginx", "v2/app")
]
"""Where nothing may be found for a key, some that would be found for its neighbours."""

_LOGINS = [b"bot:pw", b"other:pw2", b"bot:", b"\xff:\xfe", b"a:b:c", "ü:€".encode(), b":pw", b":"]
_GOOD_AUTHS = [base64.b64encode(login).decode() for login in _LOGINS]
_GOOD_AUTHS += [auth.rstrip("=") for auth in _GOOD_AUTHS] + ["Ym90\r\nOnB3\n", "Ym90Og=\n=", "Ym90Oh=="]
_BAD_AUTHS = [_GOOD_AUTHS[0] + end for end in ("=", "==", " ", "\u00a0", "\v", "é", "A", "_", "Ym90Og==A", "====")]
_BAD_AUTHS += [_GOOD_AUTHS[2] + end for end in ("=", "\u00a0", "Og==")]
_BAD_AUTHS += ["=", "==", "===", "====", "O", "Og=", "Og===", "Ym90Og=", " Og==", "Og ==", "O=g=", "Og=A", "77+-", "é"]
_COLONLESS = ["\n", "AA==", "AAAA", "Ym90", "/w"]
_TEXTS = ["bot", "pw", "", "a:b", "ä€😀", "\x00", "\ud83d", "\ude00\ud83d", "\ufffd", 'q"\\<>&\u2028']
_ENTRIES = [{"auth": auth} for auth in _GOOD_AUTHS]
_ENTRIES += [{"username": name, "password": name} for name in _TEXTS]
_ENTRIES += [{"auth": auth, "username": name, "password": "pw"} for auth in _GOOD_AUTHS[:3] for name in _TEXTS[:3]]
_ENTRIES += [{"identitytoken": "t", "email": "a@b.c"}, {}]


def _plain(kind: Kind, entries: dict[str, dict[str, str]], extra: str) -> Content:
    auths = json.dumps(entries)
    return kind, auths if kind is Kind.DOCKERCFG else f'{{{extra}"auths":{auths}}}'


PLAIN_CONFIGS: st.SearchStrategy[list[Content]] = st.lists(
    st.builds(
        _plain,
        st.sampled_from([Kind.DOCKER_CONFIG_JSON, Kind.DOCKER_CONFIG_JSON, Kind.DOCKERCFG]),
        st.dictionaries(KEYS, st.sampled_from(_ENTRIES), max_size=5),
        st.sampled_from(["", '"credsStore":"x",', '"HttpHeaders":{"a":"b"},']),
    ),
    min_size=3,
    max_size=3,
)
"""Contents that the kubelet reads, with keys of all sorts."""

# From here on text is put together by hand, since no JSON writer makes mistakes.
_STRINGS = [json.dumps(text) for text in _TEXTS] + [
    "null",
    '"\x7f"',
    r'"\ud83d\ude00"',
    r'"\ud83d\ud83d\ude00"',
    '"\\/"',
]
_NO_STRINGS = ["0", "-0", "1.5", "1e999", "1E+2", "9" * 5000, "true", "[]", "{}", '{"a":[{}]}', "[[]]"]
_NO_JSON = ["01", "-", "+1", "1.", ".5", "1e", "NaN", "-Infinity", "tru", "[1,]", "{,}", "", '"\x00"', '"\n"', r'"\x"']
_NO_JSON += ["'a'", r'"\'"', r'"\u12"', '"', r'"\ud83"', r'"\u+123"', "{'a':1}", "1 2", "\ufeff1", "\v1", "//"]


def _members(names: list[str], values: list[str]) -> list[str]:
    return [f"{json.dumps(name, ensure_ascii=False)}:{value}" for name, value in product(names, values)]


def _object(members: list[str]) -> str:
    return f"{{{','.join(members)}}}"


_AUTH_NAMES = ["auth", "auth", "Auth", "AUTH"]
_TEXT_NAMES = ["username", "password", "email", "Username", "PASSWORD", "u\u017fername", "pa\u017f\u017fword"]
_OTHER_NAMES = ["x", "identitytoken", "provider", "", "aut\u210e", "auth ", "\u0130"]
_FINE = _members(_AUTH_NAMES, [json.dumps(auth) for auth in _GOOD_AUTHS])
_FINE += _members(_TEXT_NAMES, _STRINGS[:3]) + _members(_TEXT_NAMES[:2], _STRINGS)
_FINE += _members(_OTHER_NAMES, [*_STRINGS, *_NO_STRINGS])
_FAULTY = [
    *_members(_AUTH_NAMES[1:3], [json.dumps(auth) for auth in _BAD_AUTHS]),
    *_members(_AUTH_NAMES[1:3], [json.dumps(auth) for auth in _COLONLESS] * 5),
    *_members(["auth", "email", "Password"], _NO_STRINGS),
    *_members(["auth", "x"], _NO_JSON),
]
_AUTHS_NAMES = ["auths", "auths", "auths", "Auths", "auth\u017f"]
_KEY_TEXTS = ["ghcr.io", "ghcr.io", "https://ghcr.io", "quay.io", "index.docker.io/v1/", "ghcr.io/acme", "\ud83d", "é"]
_HEADERS = ["{}", '{"a":"b"}', '{"a":null}', '{"a":5}', '{"a":{}}', '{"a":"b","c":[]}']
_TORN = [
    b"\xff",
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xc0\xaf",
    b"\xef\xbb\xbf",
    b"\\ud83d",
    b"\\",
    b"\xf0\x9f",
]


@st.composite
def _troubled(draw: st.DrawFn) -> Content:
    """A whole content, in which one thing may be wrong, or several."""
    faults = draw(st.sampled_from(["", "", "entry", "member", "member", "member", "auths", "header", "bytes", "whole"]))

    def entry() -> str:
        if faults == "entry" and draw(st.booleans()):
            return draw(st.sampled_from(["null", '"x"', "5", "[]", "true", *_NO_JSON[:3]]))
        members = draw(st.lists(st.sampled_from(_FINE), max_size=3))
        if faults == "member":
            members.append(draw(st.sampled_from(_FAULTY)))
        return _object(members)

    keys = st.lists(st.sampled_from(_KEY_TEXTS), min_size=faults == "member", max_size=3)

    def auths() -> str:
        if faults == "auths" and draw(st.booleans()):
            return draw(st.sampled_from(["null", "null", *_NO_STRINGS, '"x"']))
        return _object([f"{json.dumps(key)}:{entry()}" for key in draw(keys)])

    kind = draw(st.sampled_from([Kind.DOCKER_CONFIG_JSON, Kind.DOCKER_CONFIG_JSON, Kind.DOCKERCFG]))
    if faults == "whole":
        return kind, draw(st.sampled_from([*_NO_STRINGS, *_NO_JSON, "null", " ", "{} {}", "{}\v", "\t\r\n{}"]))
    if kind is Kind.DOCKERCFG:
        text = auths()
    else:
        members = [
            f'"{name}":{auths()}' for name in draw(st.lists(st.sampled_from(_AUTHS_NAMES), min_size=1, max_size=2))
        ]
        if faults == "header":
            name = draw(st.sampled_from(["HttpHeaders", "httpheader\u017f"]))
            members.insert(0, f'"{name}":{draw(st.sampled_from([*_NO_STRINGS, "null", *_HEADERS]))}')
        text = _object(members)
    if faults != "bytes":
        return kind, text
    raw, place = text.encode(), draw(st.integers(0, len(text)))
    return kind, raw[:place] + draw(st.sampled_from(_TORN)) + raw[place:]


TROUBLED_CONFIGS: st.SearchStrategy[list[Content]] = st.lists(_troubled(), min_size=4, max_size=4)
"""Contents of which some fail, or mean something else than they seem to."""
