package knowledge

import "slices"

// properties is the members that the specification gives devcontainer.json and its build, with those that the CLI still
// migrates: settings, extensions, devPort, dockerFile, context.
var properties = []string{
	"$schema", "appPort", "build", "build.args", "build.cacheFrom", "build.context", "build.dockerfile", "build.options",
	"build.target", "capAdd", "containerEnv", "containerUser", "context", "customizations", "devPort", "dockerComposeFile",
	"dockerFile", "extensions", "features", "forwardPorts", "hostRequirements", "image", "init", "initializeCommand",
	"mounts", "name", "onCreateCommand", "otherPortsAttributes", "overrideCommand", "overrideFeatureInstallOrder",
	"portsAttributes", "postAttachCommand", "postCreateCommand", "postStartCommand", "privileged", "remoteEnv", "remoteUser",
	"runArgs", "runServices", "secrets", "securityOpt", "service", "settings", "shutdownAction", "updateContentCommand",
	"updateRemoteUserUID", "userEnvProbe", "waitFor", "workspaceFolder", "workspaceMount",
}

// Property says whether devcontainer.json has such a member, as in "image" or "build.target".
func Property(path string) bool {
	_, ok := slices.BinarySearch(properties, path)
	return ok
}

// Properties is all of them, sorted.
func Properties() []string { return slices.Clone(properties) }
