// A project of somebody else's, which uses the component from TypeScript.
//
// `pulumi package add` writes the SDK that it imports into sdks/: ../README.md

import { ImagePullSecrets } from "@pulumi/image-pull-secrets";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();

const cluster = new kubernetes.Provider("cluster", {
    kubeconfig: config.getSecret("kubeconfig"),
    context: config.require("context"),
    // What cluster_provider sets in Python: lists are taken over whole, and a new password changes the Secret in place.
    enablePatchForce: true,
    enableSecretMutable: true,
});

const pulls = new ImagePullSecrets(
    "pulls",
    {
        secretName: "regcred",
        // A secret as a leaf; the component refuses one that holds the whole registry.
        registries: [{ server: "ghcr.io", username: "bot", password: config.requireSecret("token") }],
        namespaces: [{ name: config.require("namespace"), serviceAccounts: ["default", "builder"] }],
    },
    { provider: cluster },
);

export const secrets = pulls.secrets;
export const attached = pulls.attached;
