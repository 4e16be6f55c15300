"""What the sandbox takes from a stack file."""

from sandbox.stacks import StackFile


def test_passwords_of_others_are_made_up() -> None:
    registries = [
        {"server": "a.example", "username": "a", "password": {"secure": "v1:…"}},
        {"server": "b.example", "username": "b", "passwordEnv": "B"},
        {"server": "c.example", "username": "c", "passwordCommand": ["c"], "passwordLifetime": "1h"},
        {"server": "d.azurecr.io", "passwordFrom": "acr"},
    ]
    stack = StackFile(
        "prod", {"context": "c", "registries": registries, "verifyRegistries": True}, {"encryptionsalt": ""}
    )
    assert stack.with_made_up_passwords() == StackFile(
        "prod",
        {
            "context": "c",
            "registries": [
                {"server": "a.example", "username": "a", "passwordEnv": "SANDBOX_PASSWORD_0"},
                {"server": "b.example", "username": "b", "passwordEnv": "B"},
                {"server": "c.example", "username": "c", "passwordEnv": "SANDBOX_PASSWORD_2"},
                {"server": "d.azurecr.io", "username": "sandbox", "passwordEnv": "SANDBOX_PASSWORD_3"},
            ],
        },
        {},
    )
