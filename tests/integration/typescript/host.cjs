// Runs a compiled program on the engine: host.cjs STACK preview|up|destroy, in the project's folder.
//
// Pulumi's language host for Node.js isn't served as a Go module; its Automation API brings a language server along.

const path = require("node:path");
const project = require("node:module").createRequire(path.join(process.cwd(), "package.json"));
const { LocalWorkspace } = project("@pulumi/pulumi/automation");

async function main(stackName, operation) {
    const stack = await LocalWorkspace.selectStack(
        { stackName, projectName: "shop", program: async () => project("./bin/index.js") },
        { workDir: process.cwd() },
    );
    await stack[operation]({ onOutput: (text) => process.stdout.write(text) });
}

main(...process.argv.slice(2)).catch((error) => {
    // The engine has told why on standard output.
    console.error(error.name);
    process.exitCode = 1;
});
