package engine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/dcverify/dcverify/verifier/image"
	"github.com/dcverify/dcverify/verifier/metadata"
)

// account is who programs of the image run as, as far as permissions are concerned.
type account struct {
	name   string
	uid    int
	groups []int
}

// resolveAccount finds the groups of the image's user as engines do: a group that is named with the user replaces all that
// the user is in.
func resolveAccount(img image.Image, groups []group) account {
	user := metadata.User(img)
	result := account{name: user.Name, uid: user.UID}
	if _, name, ok := strings.Cut(metadata.UserName(img), ":"); ok {
		gid, err := strconv.Atoi(name)
		if i := slices.IndexFunc(groups, func(g group) bool { return g.name == name }); i >= 0 {
			gid, err = groups[i].gid, nil
		}
		if err == nil {
			result.groups = []int{gid}
		}
		return result
	}
	result.groups = []int{user.GID}
	for _, g := range groups {
		if slices.Contains(g.members, user.Name) {
			result.groups = append(result.groups, g.gid)
		}
	}
	return result
}

// mayExecute tells whether the account may run a file, or go through a folder, by its owner and mode. Exactly one of the
// three classes counts: an owner whose own bit is missing is refused, whatever the others may.
func (a account) mayExecute(o owned, folder bool) bool {
	switch {
	case a.uid == 0:
		return folder || o.mode&0o111 != 0
	case a.uid == o.uid:
		return o.mode&0o100 != 0
	case slices.Contains(a.groups, o.gid):
		return o.mode&0o010 != 0
	}
	return o.mode&0o001 != 0
}

// group is one line of /etc/group.
type group struct {
	name    string
	gid     int
	members []string
}

// parseUsers reads /etc/passwd. Lines that are none are left out, as libraries do it.
func parseUsers(text string) []image.User {
	var users []image.User
	for line := range strings.Lines(text) {
		field := strings.Split(strings.TrimSpace(line), ":")
		if len(field) < 7 || strings.HasPrefix(line, "#") {
			continue
		}
		uid, err := strconv.Atoi(field[2])
		if err != nil {
			continue
		}
		gid, err := strconv.Atoi(field[3])
		if err != nil {
			continue
		}
		users = append(users, image.User{Name: field[0], UID: uid, GID: gid, Home: field[5], Shell: field[6]})
	}
	return users
}

// parseGroups reads /etc/group.
func parseGroups(text string) []group {
	var groups []group
	for line := range strings.Lines(text) {
		field := strings.Split(strings.TrimSpace(line), ":")
		if len(field) < 4 || strings.HasPrefix(line, "#") {
			continue
		}
		if gid, err := strconv.Atoi(field[2]); err == nil {
			groups = append(groups, group{name: field[0], gid: gid, members: strings.Split(field[3], ",")})
		}
	}
	return groups
}
