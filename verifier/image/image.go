// Package image holds what an image is made of: its configuration, its history, and the few of its files that matter to Go.
//
// Its one rule: it is data. Nothing of an image is ever run to fill it.
package image

import (
	"time"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/program"
)

// Image is one image of an engine.
type Image struct {
	Reference    string            `json:"reference"` // as the user wrote it
	ID           string            `json:"id"`
	OS           string            `json:"os"`
	Architecture string            `json:"architecture"` // GOARCH
	Created      time.Time         `json:"created,omitzero"`
	Env          []string          `json:"env"`
	User         string            `json:"user,omitempty"`
	WorkingDir   string            `json:"workingDir,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
	History      []Step            `json:"history,omitempty"` // oldest first
	Files        Files             `json:"files"`
}

// Step is one line of the history.
type Step struct {
	CreatedBy string    `json:"createdBy"`
	Created   time.Time `json:"created,omitzero"`
	Empty     bool      `json:"empty,omitempty"` // made no layer: ENV, LABEL and the like
}

// Files is what was read from the image's file system.
type Files struct {
	Users    []User                  `json:"users,omitempty"`    // /etc/passwd
	Folders  map[string]Folder       `json:"folders,omitempty"`  // by path asked for: GOPATH and what lies in it
	Trees    map[string]goenv.Tree   `json:"trees,omitempty"`    // by path: every folder that is or is declared a Go root
	Programs map[string]program.File `json:"programs,omitempty"` // by path: every go, dlv and gopls that was found
}

// User is one line of /etc/passwd.
type User struct {
	Name  string `json:"name"`
	UID   int    `json:"uid"`
	GID   int    `json:"gid"`
	Home  string `json:"home"`
	Shell string `json:"shell"`
}

// Folder is the owner and mode of a folder.
type Folder struct {
	UID  int    `json:"uid"`
	GID  int    `json:"gid"`
	Mode uint32 `json:"mode"` // permission bits with setgid and sticky as in stat(2)
}
