package facts

import "testing"

func TestInside(t *testing.T) {
	for _, test := range []struct{ project, folder, want string }{
		{"/workspaces/app", "/workspaces/app/tmp", "tmp"},
		{"/workspaces/app", "/workspaces/app/a//b/../c/", "a/c"},
		{"/workspaces/app", "/workspaces/other/tmp", "tmp"}, // a clone of another name
		{"/workspaces/app", "/workspaces/app", ""},
		{"/workspaces/app", "/workspaces/app/../x", ""},
		{"/workspaces/app", "/tmp", ""},
		{"/workspaces/app", "tmp", ""},
		{"/workspaces/root/app", "/workspaces/root/app/tmp", "tmp"},
		{"/workspaces/root/app", "/workspaces/other/tmp", ""}, // that is above the project
		{"/srv/app", "/srv/app/tmp", "tmp"},
		{"/work", "/workspaces/app/tmp", ""},
		{"/", "/tmp", "tmp"},
		{"", "/tmp", ""},
		{"", "tmp", ""},
	} {
		got, ok := Project{Folder: test.project}.Inside(test.folder)
		if got != test.want || ok != (test.want != "") {
			t.Errorf("%s in %s: %q, %v", test.folder, test.project, got, ok)
		}
	}
}
