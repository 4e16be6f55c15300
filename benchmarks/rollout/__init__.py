"""How long it takes to bring a credential into many namespaces: this program, and what people do without it."""
