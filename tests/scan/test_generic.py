"""Every form of assignment with a value made at run time; and what stands in the same forms and is none."""

import random
from functools import cache

import pytest
from generic_forms import NOT_PASSWORDS, PASSWORD_FORMS, TOKEN_FORMS
from scan_tools import chunk, engine, found

from dce_guard.scan.checks import CHECKS
from dce_guard.scan.judge import Judge
from dce_guard.scan.templates import expand


def findings(text: bytes, path: str = "settings.conf") -> list:
    matches = found(engine().scan(chunk(text, names=[path])))
    return Judge(CHECKS, lambda value: False).item(matches)


def values(text: bytes, path: str = "settings.conf") -> list[bytes]:
    return [one.match.secret.reveal() for one in findings(text, path)]


@cache
def password(seed: int = 1) -> bytes:
    return expand(
        "{lower:2}{digits:2}{upper:3}{digits:2}{lower:3}{digits:1}{upper:2}{lower:1}", random.Random(seed)
    )


@cache
def machine(seed: int = 1) -> bytes:
    return expand("{alnum:36}{digits:2}", random.Random(seed))


def filled(form: str, value: bytes) -> bytes:
    return form.replace("{}", "\0").replace("{{", "{").replace("}}", "}").encode().replace(b"\0", value)


@pytest.mark.parametrize(("path", "form"), PASSWORD_FORMS)
def test_a_password_is_found_in_each_form(path, form):
    missed = []
    for seed in range(1, 4):
        text = b"# head\n" + filled(form, password(seed)) + b"\n# tail\n"
        if password(seed) not in values(text, path):
            missed.append(seed)
    assert not missed


@pytest.mark.parametrize(("path", "form"), TOKEN_FORMS)
def test_a_token_is_found_in_each_form(path, form):
    missed = [
        seed for seed in (1, 2, 4) if machine(seed) not in values(filled(form, machine(seed)) + b"\n", path)
    ]
    assert not missed


@pytest.mark.parametrize(
    ("kind", "most"), [("alnum:20", 6), ("alnum:40", 7), ("hex:40", 3), ("b64url:43", 7)]
)
def test_nearly_every_random_token_is_found(kind, most):
    """Of 150: some random letters read like words."""
    rng = random.Random(9)
    lines = [b'API_KEY = "' + expand(f"{{{kind}}}", rng) + b'"' for _ in range(150)]
    assert len(values(b"\n".join(lines) + b"\n", "a.py")) >= 150 - most


@pytest.mark.parametrize("value", NOT_PASSWORDS)
def test_what_is_no_password_is_found_in_no_form(value):
    wrong = []
    for path, form in PASSWORD_FORMS:
        text = filled(form, value.encode()) + b"\n"
        wrong += [
            form
            for one in findings(text, path)
            if one.generic and value.encode() in one.match.secret.reveal()
        ]
    assert wrong == []


@pytest.mark.parametrize(
    "value", [*NOT_PASSWORDS, "background-color", "getUserAccessToken", "application/json"]
)
def test_what_is_no_token_is_found_in_no_form(value):
    wrong = [
        form
        for path, form in TOKEN_FORMS
        if value.encode() in values(filled(form, value.encode()) + b"\n", path)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "password: str"),
        ("a.py", "password: Optional[str] = None"),
        ("a.py", "def f(password, token): pass"),
        ("a.py", "password = getpass.getpass()"),
        ("a.py", 'password = os.environ["DB_PASSWORD"]'),
        ("a.py", "token = make_token(user)"),
        ("a.py", "password = settings.DATABASE_PASSWORD"),
        ("a.py", 'password = request.form["password"]'),
        ("a.ts", "password: string;"),
        ("a.ts", "token: AuthenticationToken"),
        ("a.go", 'Password string `json:"password"`'),
        ("a.rs", "password: Option<String>,"),
        ("A.java", "private String password;"),
        ("A.java", "this.password = password;"),
        ("a.js", "password: this.state.password,"),
        ("locale/de.json", '"password": "Passwort eingeben"'),
        ("a.json", '"password": "Enter your new password"'),
        ("a.strings", '"password_label" = "Mot de passe oublie";'),
        ("a.html", '<input type="password" name="password">'),
        ("a.html", '<label for="password">Password:</label>'),
        ("a.yml", "password_file: /etc/app/password.txt"),
        ("a.yml", "token_url: https://auth.corp.net/oauth/token"),
        ("a.yml", "secretName: my-app-tls-certificate"),
        ("a.yml", "password: !vault |"),
        ("a.yml", "password: ENC[AES256_GCM]"),
        ("a.tf", "password = var.db_password"),
        ("a.sh", 'tool --password "$PASSWORD"'),
        ("a.sh", "curl -u $USER:$PASS https://h"),
        ("a.sh", "read -s password"),
        ("a.sh", "PASSWORD=$(cat /run/secret)"),
        ("a.py", 'if password == "": raise'),
        ("a.py", "password_hash = hash(password)"),
        ("a.css", "--token-color: background-primary;"),
        ("a.md", "The password: choose something long."),
        ("a.py", 'PASSWORD_REGEX = r"^[A-Za-z0-9]{8,}$"'),
        ("a.json", '"tokenizer": "gpt2-medium-v1"'),
        ("a.c", "int token_count = 1234567;"),
    ],
)
def test_code_types_texts_and_references_are_no_findings(path, text):
    assert values(text.encode() + b"\n", path) == []


def test_escaped_user_info_in_an_address_is_found():
    value = password().replace(b"a", b"%40") + b"%21"
    assert [one for one in values(b"postgres://u:" + value + b"@h.corp.net/d\n") if value in one]


def test_a_secret_key_of_128_hex_digits_is_no_placeholder():
    value = expand("{hex:128}", random.Random(3))
    assert values(b"secret_key_base: " + value + b"\n", "secrets.yml") == [value]


def test_confidence_grows_with_the_value():
    (weak,) = findings(b'password = "' + password()[:9] + b'"\n', "a.py")
    (strong,) = findings(b'password = "' + machine() + b'"\n', "a.py")
    assert weak.confidence.rank <= strong.confidence.rank
    assert strong.reasons


def test_every_kept_finding_says_why():
    for path, form in PASSWORD_FORMS[:20]:
        for one in findings(filled(form, password(2)) + b"\n", path):
            assert one.reasons
            assert password(2).decode() not in " ".join(one.reasons)
