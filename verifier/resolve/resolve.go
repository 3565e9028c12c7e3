// Package resolve works out of the files of a workspace what every process of its dev container will see.
//
// Its one rule: it says what the reference CLI and the builder will really make of the files, bugs included; what depends on
// something that is not at hand is unknown or assumed, and says so.
package resolve
