package goenv

import (
	"go/version"
	"strings"
)

// CompareVersions orders two Go versions with or without the leading "go" ("1.26.8", "go1.27rc1"). An empty or malformed
// version is less than every other.
func CompareVersions(a, b string) int {
	return version.Compare(canonical(a), canonical(b))
}

// Minor is the language version of a Go version: "1.26" of "go1.26.8". It is empty for what is no Go version.
func Minor(v string) string {
	return strings.TrimPrefix(version.Lang(canonical(v)), "go")
}

func canonical(v string) string {
	return "go" + strings.TrimPrefix(v, "go")
}
