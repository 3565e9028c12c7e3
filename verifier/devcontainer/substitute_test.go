package devcontainer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

func TestSubstitution(t *testing.T) {
	host := Host{Env: map[string]string{"USER": "me", "EMPTY": ""}, Workspace: "/home/me/app", Config: "/home/me/app/.devcontainer.json"}
	config := Read(source.File{Text: `{"image": "a"}`})
	first, second := AtRead(host, config), WithID("id")
	third := InContainer(map[string]string{"PATH": "/bin", "EMPTY": ""})
	for _, test := range []struct {
		name       string
		pass       Pass
		text, want string
		surprises  []string // kind and form
	}{
		{"no form", first, "$USER $ {x} }", "$USER $ {x} }", nil},
		{"localEnv", first, "<${localEnv:USER}>", "<me>", nil},
		{"env is the same", first, "<${env:USER}>", "<me>", nil},
		{"a missing variable is empty", first, "<${localEnv:NONE}>", "<>", nil},
		{"default", first, "<${localEnv:NONE:x y}>", "<x y>", nil},
		{"an empty variable is set", first, "<${localEnv:EMPTY:x}>", "<>", nil},
		{"the default is cut", first, "<${localEnv:NONE:http://x}>", "<http>", []string{"default-cut ${localEnv:NONE:http://x}"}},
		{"defaults do not nest", first, "<${localEnv:NONE:${localEnv:USER}}>", "<${localEnv}>", []string{"default-cut ${localEnv:NONE:${localEnv:USER}"}},
		{"nor do plain ones", first, "<${localEnv:NONE:${x}}>", "<${x}>", []string{"literal ${localEnv:NONE:${x}"}},
		{"no name", first, "<${localEnv}>", "<${localEnv}>", []string{"no-name ${localEnv}"}},
		{"an empty name is one", first, "<${localEnv:}>", "<>", nil},
		{"folders", first, "${localWorkspaceFolder} ${localWorkspaceFolderBasename} ${containerWorkspaceFolder} ${containerWorkspaceFolderBasename}",
			"/home/me/app app /workspaces/app app", nil},
		{"unknown forms stay", first, "${USER} ${localenv:USER} ${}", "${USER} ${localenv:USER} ${}", nil},
		{"later passes' forms stay", first, "${devcontainerId} ${containerEnv:PATH}", "${devcontainerId} ${containerEnv:PATH}", nil},
		{"values are not substituted again", AtRead(Host{Env: map[string]string{"A": "${localEnv:B}", "B": "b"}}, config), "${localEnv:A}", "${localEnv:B}", nil},
		{"open brace", first, "${localEnv:USER", "${localEnv:USER", nil},
		{"newline inside of the braces", first, "${localEnv:\nUSER} ${localEnv:USER}", "${localEnv:\nUSER} me", nil},
		{"other ends of lines", first, "${a\r} ${a\u2028} ${a\u2029} ${localEnv:USER}", "${a\r} ${a\u2028} ${a\u2029} me", nil},
		{"newline behind the braces", first, "${localEnv:USER}\n}", "me\n}", nil},
		{"two on one line", first, "${localEnv:USER}${localEnv:USER}", "meme", nil},

		{"id", second, "x-${devcontainerId} ${localEnv:USER}", "x-id ${localEnv:USER}", nil},
		{"id with something behind it", second, "${devcontainerId:x}", "id", nil},
		{"no id", WithID(""), "${devcontainerId}", "${devcontainerId}", nil},

		{"containerEnv", third, "${containerEnv:PATH}:/x", "/bin:/x", nil},
		{"missing there", third, "<${containerEnv:NONE:d}>", "<d>", nil},
		{"empty there", third, "<${containerEnv:EMPTY:d}>", "<>", nil},
		{"HOME is in no configuration", third, "${containerEnv:HOME}/go", "/go", []string{"empty ${containerEnv:HOME}"}},
		{"HOME where it is", InContainer(map[string]string{"HOME": "/h"}), "${containerEnv:HOME}/go", "/h/go", nil},
		{"no name there", third, "${containerEnv}", "${containerEnv}", []string{"no-name ${containerEnv}"}},
		{"nothing else there", third, "${localEnv:USER} ${devcontainerId}", "${localEnv:USER} ${devcontainerId}", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			at := place(2, 3, 4)
			got, surprises := test.pass.Text(test.text, at)
			var kinds []string
			for _, s := range surprises {
				kinds = append(kinds, s.Kind+" "+s.Text)
				if s.Place != at || s.Message == "" {
					t.Errorf("%+v", s)
				}
			}
			if got != test.want {
				t.Errorf("%q becomes %q, want %q", test.text, got, test.want)
			}
			if diff := cmp.Diff(test.surprises, kinds); diff != "" {
				t.Errorf("surprises, -want +got:\n%s", diff)
			}
		})
	}
}

func TestSubstitutionOfValues(t *testing.T) {
	root := parse(`{"${localEnv:A}": ["${localEnv:A}", 1, null, {"b": "${localEnv:A:x:y}"}], "c": true}`)
	got, surprises := AtRead(Host{Env: map[string]string{"A": "a"}}, Config{}).Node(root)
	if want := `{"${localEnv:A}":["a",1,null,{"b":"a"}],"c":true}`; got.JSON() != want {
		t.Errorf("%s, want %s: names stay", got.JSON(), want)
	}
	if len(surprises) != 1 || surprises[0].Place != place(1, 52, 71) {
		t.Errorf("%+v", surprises)
	}
	if root.Get("${localEnv:A}").Elements[0].Text != "${localEnv:A}" {
		t.Error("the value that was given has changed")
	}
}

func TestReferences(t *testing.T) {
	text := "${containerEnv:PATH}:${containerEnv:A:b} ${localEnv:B} ${containerEnv} ${open"
	if diff := cmp.Diff([]string{"PATH", "A"}, References(text, "containerEnv")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"${containerEnv:PATH}", "${containerEnv:A:b}", "${localEnv:B}", "${containerEnv}"}, Leftover(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The ids are those that devcontainerIdForLabels of the reference CLI gives (src/spec-common/variableSubstitution.ts).
func TestID(t *testing.T) {
	for workspace, want := range map[string]string{
		"/home/me/app":      "06ou05jej6pk8hg0eislv526p6don3sk9be0m6di1v7t6jd8ojii",
		"/home/me/R&D <x>":  "1vkhle4r9lhdl8gphb1sthpg3gitaqedkdsa2qlrd2sngo367d1r",
		"/home/me/a\u2028b": "09jhd7ct6pu6lh4pflanhk3kfpg8rlt7mf0n70d2dvp7rppfaaai",
		"/home/me/ä\"q\\":   "0vcj8rgcjccmqt6k0rkg0dekem8n0q8peqptkpcr04n68r9ob0d2",
	} {
		if got := (Host{Workspace: workspace, Config: workspace + "/.devcontainer/devcontainer.json"}).ID(); got != want {
			t.Errorf("%q: %s, want %s", workspace, got, want)
		}
	}
}

func TestFolders(t *testing.T) {
	for _, test := range []struct {
		name, config  string
		host          Host
		folder, mount string
	}{
		{"by custom", `{}`, Host{Workspace: "/h/app"}, "/workspaces/app", "type=bind,source=/h/app,target=/workspaces/app"},
		{"below the git root", `{}`, Host{Workspace: "/h/app/sub", Mounted: "/h/app"}, "/workspaces/app/sub", "type=bind,source=/h/app,target=/workspaces/app"},
		{"a comma in the path", `{}`, Host{Workspace: "/h/a,b"}, "/workspaces/a,b", `type=bind,"source=/h/a,b","target=/workspaces/a,b"`},
		{"both written", `{"workspaceFolder": "/src", "workspaceMount": "type=volume,target=/src"}`, Host{Workspace: "/h/app"}, "/src", "type=volume,target=/src"},
		{"mount written", `{"workspaceMount": "m"}`, Host{Workspace: "/h/app"}, "/workspaces/app", "m"},
		{"folder written", `{"workspaceFolder": "/src"}`, Host{Workspace: "/h/app"}, "/src", "type=bind,source=/h/app,target=/workspaces/app"},
		{"no mount at all", `{"workspaceFolder": "/src", "workspaceMount": ""}`, Host{Workspace: "/h/app"}, "/src", ""},
		{"compose", `{"dockerComposeFile": "c.yml"}`, Host{Workspace: "/h/app"}, "/", ""},
		{"compose with a folder", `{"dockerComposeFile": "c.yml", "workspaceFolder": "/src"}`, Host{Workspace: "/h/app"}, "/src", ""},
		{"no host", `{}`, Host{}, "", ""},
		{"no text", `{"workspaceFolder": 3}`, Host{Workspace: "/h/app"}, "/workspaces/app", "type=bind,source=/h/app,target=/workspaces/app"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder, mount := test.host.Folders(Config{Root: parse(test.config)})
			if folder != test.folder || mount != test.mount {
				t.Errorf("%q, %q; want %q, %q", folder, mount, test.folder, test.mount)
			}
		})
	}
}

func FuzzSubstitute(f *testing.F) {
	for _, text := range []string{"", "${", "${}", "${localEnv:A:${b}}", "a${x\n}b${localEnv:A}", "${${${", "}${localEnv}\u2028}", "\xff${\xff}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		same, surprises := Pass{replace: func(match, _ string, _ []string) (string, *Surprise) { return match, nil }}.Text(text, source.Place{})
		if same != text || len(surprises) > 0 {
			t.Errorf("%q becomes %q where nothing is replaced: %v", text, same, surprises)
		}
		for _, form := range Leftover(text) {
			if !strings.HasPrefix(form, "${") || strings.IndexByte(form, '}') != len(form)-1 || strings.ContainsAny(form, "\n\r\u2028\u2029") {
				t.Errorf("%q has the form %q", text, form)
			}
		}
		pass := AtRead(Host{Env: map[string]string{"A": "a"}, Workspace: "/w"}, Config{})
		_, _ = pass.Text(text, source.Place{})
		_, _ = InContainer(nil).Text(text, source.Place{})
	})
}

// TestOwnFolder holds a workspaceFolder that refers to itself against what the reference CLI 0.89.0 printed.
func TestOwnFolder(t *testing.T) {
	host := Host{Workspace: "/home/me/wf", Config: "/home/me/wf/.devcontainer.json"}
	for _, test := range []struct{ written, folder, variable string }{
		{"/a${containerWorkspaceFolder}", "/a/a/a${containerWorkspaceFolder}", "/a/a${containerWorkspaceFolder}"},
		{"/a${containerWorkspaceFolderBasename}", "/aaa${containerWorkspaceFolderBasename}", "/aa${containerWorkspaceFolderBasename}"},
		{"${containerWorkspaceFolder}/x", "${containerWorkspaceFolder}/x/x/x", "${containerWorkspaceFolder}/x/x"},
		{"/${localWorkspaceFolderBasename}", "/wf", "/wf"},
	} {
		config := Read(source.File{Text: `{"workspaceMount": "", "workspaceFolder": "` + test.written + `"}`})
		pass := AtRead(host, config)
		folder, _ := pass.Text(test.written, source.Place{})
		variable, _ := pass.Text("${containerWorkspaceFolder}", source.Place{})
		if folder != test.folder || variable != test.variable {
			t.Errorf("%s: the folder %s and in a variable %s, want %s and %s", test.written, folder, variable, test.folder, test.variable)
		}
	}
}
