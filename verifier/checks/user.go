package checks

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
)

var userMismatch = check.Check{
	Code: "DV308", Name: "user-mismatch", Severity: finding.Warning, Scope: "S",
	Summary: "devcontainer.json names a user that neither the image nor a feature nor the Dockerfile makes",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		_, remote := ownPlace(project, "remoteUser")
		_, container := ownPlace(project, "containerUser")
		if !remote && !container {
			return // whom the image names, it has
		}
		users, ok := imageUsers(project)
		if !ok || makesUsers(project) {
			p.Skip("the files do not tell which users the container has")
			return
		}
		for _, property := range []string{"remoteUser", "containerUser"} {
			user := project.RemoteUser
			if property == "containerUser" {
				user = project.ContainerUser
			}
			at, ok := ownPlace(project, property)
			if !ok || user.Unknown != "" || !userName.MatchString(user.Name) || slices.Contains(users, user.Name) {
				continue
			}
			p.Report(finding.Finding{
				Message: fmt.Sprintf("%s is %s, but nobody makes that user: %s has none of that name, and no feature and no step of the build adds one",
					property, user.Name, cmp.Or(project.Image.Reference, "the image")),
				Location: at,
				Cause:    "docker looks the name up in the container's /etc/passwd",
				Evidence: map[string]string{"user": user.Name, "image": project.Image.Reference},
				Upstream: []string{"unable to find user " + user.Name + ": no matching entries in passwd file"},
				Fixes: []finding.Fix{
					{Message: fmt.Sprintf(`let a feature make it: "ghcr.io/devcontainers/features/common-utils:2": {"username": %q}`, user.Name), Safe: true},
					{Message: "or name a user that the image has: " + users[0], Safe: true},
				},
			}, property, user.Name)
		}
	},
}

// userName is a name that useradd takes; numbers need no entry in /etc/passwd.
var userName = regexp.MustCompile(`^[a-z_][a-z0-9_-]*$`)

// ownPlace is where devcontainer.json itself says a property.
func ownPlace(project facts.Project, property string) (source.Place, bool) {
	for _, m := range project.Config.Root.Members {
		if m.Name == property {
			return m.Place, true
		}
	}
	return source.Place{}, false
}

// systemUsers is who every distribution's /etc/passwd has.
var systemUsers = []string{"root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp", "proxy", "www-data",
	"backup", "list", "irc", "gnats", "nobody", "_apt", "adm", "shutdown", "halt", "operator", "ftp", "guest", "cron", "sshd", "messagebus", "postgres"}

// imageUsers is the users of a well-known image, the best first; false where the image is not one of those.
func imageUsers(project facts.Project) ([]string, bool) {
	if project.Image.Known == nil {
		return nil, false
	}
	switch project.Image.Known.Family {
	case "golang", "debian", "alpine", "fedora", "busybox":
		return systemUsers, true
	case "ubuntu": // since 23.04
		return append([]string{"root", "ubuntu"}, systemUsers[1:]...), true
	case "devcontainers/go", "devcontainers/base":
		return append([]string{"vscode", "ubuntu"}, systemUsers...), true
	}
	return nil, false
}

// quietFeatures make no user, whatever their options (devcontainers/features, src/*/install.sh).
var quietFeatures = []string{"aws-cli", "azure-cli", "docker-in-docker", "docker-outside-of-docker", "git", "git-lfs", "github-cli", "go",
	"kubectl-helm-minikube", "node", "powershell", "python", "rust", "terraform"}

// makesUsers tells whether something may make or rename a user that is not to be seen here: a feature whose installer is not
// known, a command for users, or a script that is not followed.
func makesUsers(project facts.Project) bool {
	for _, feature := range project.Features {
		name, official := strings.CutPrefix(feature.ID, "ghcr.io/devcontainers/features/")
		if !official || !slices.Contains(quietFeatures, name) {
			return true
		}
	}
	if project.Build != nil && slices.ContainsFunc(targetInstructions(project), func(i dockerfile.Instruction) bool {
		return i.Keyword == "COPY" && slices.ContainsFunc(i.Words, func(w string) bool { return strings.HasPrefix(w, "/etc") || w == "/" })
	}) {
		return true
	}
	return slices.ContainsFunc(project.Scripts, func(s facts.Script) bool {
		return inBuild(s) && (s.Shell.Problem != "" || slices.ContainsFunc(s.Shell.Commands, touchesUsers))
	})
}

// touchesUsers tells whether a command may change /etc/passwd. A script by its own name may do anything.
func touchesUsers(c shell.Command) bool {
	program := c.Program()
	return program == "" && len(c.Words) > 0 || strings.Contains(program, "user") || strings.HasSuffix(program, ".sh") || program == "groupmod" ||
		slices.Contains([]string{"sh", "bash", "ash", "zsh", "source", ".", "eval", "make", "python", "python3", "ansible-playbook"}, program) ||
		mentions(c, "passwd")
}
