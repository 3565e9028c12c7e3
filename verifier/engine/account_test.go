package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/image"
)

func TestResolveAccount(t *testing.T) {
	users := parseUsers("root:x:0:0:root:/root:/bin/sh\r\nme:x:1000:1001::/home/me:/bin/sh\n+::::::\nbad:x:y:0:::\nbad:x:0:y:::\n")
	groups := parseGroups("golang:x:2000:other,me\nadm:x:4:other\nbad:x:y:me\nshort:x:1\n")
	for user, want := range map[string]account{
		"":          {name: "root", groups: []int{0}},
		"me":        {name: "me", uid: 1000, groups: []int{1001, 2000}},
		"1000":      {name: "me", uid: 1000, groups: []int{1001, 2000}},
		"me:adm":    {name: "me", uid: 1000, groups: []int{4}},
		"me:77":     {name: "me", uid: 1000, groups: []int{77}},
		"me:nobody": {name: "me", uid: 1000},
		"5000":      {name: "5000", uid: 5000, groups: []int{0}},
		"stranger":  {name: "stranger", uid: -1, groups: []int{-1}},
	} {
		got := resolveAccount(image.Image{User: user, Files: image.Files{Users: users}}, groups)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(account{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", user, diff)
		}
	}
}

func TestMayExecute(t *testing.T) {
	me, root := account{uid: 1000, groups: []int{1000, 2000}}, account{}
	for name, test := range map[string]struct {
		who    account
		file   owned
		folder bool
		want   bool
	}{
		"everybody":             {me, owned{mode: 0o755}, false, true},
		"only others":           {me, owned{mode: 0o001}, false, true},
		"own":                   {me, owned{uid: 1000, mode: 0o100}, false, true},
		"own, bit is others'":   {me, owned{uid: 1000, mode: 0o011}, false, false},
		"group":                 {me, owned{gid: 2000, mode: 0o010}, false, true},
		"group, bit is others'": {me, owned{gid: 2000, mode: 0o701}, false, false},
		"root":                  {root, owned{uid: 5, mode: 0o010}, false, true},
		"root, no bit":          {root, owned{mode: 0o644}, false, false},
		"root, folder":          {root, owned{uid: 5, mode: 0o600}, true, true},
	} {
		if got := test.who.mayExecute(test.file, test.folder); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
