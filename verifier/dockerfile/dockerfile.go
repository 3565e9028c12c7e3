// Package dockerfile tells what a build of a Dockerfile makes, without building.
//
// Its one rule: it does what the builder does. The parser, the instructions and the expansion of words are BuildKit's own
// packages; what lies between them is copied from frontend/dockerfile/dockerfile2llb/convert.go of the same release, and from
// moby's builder/dockerfile where a build goes to the builder before BuildKit. Where the answer lies in an image that is not
// at hand, it says so instead of guessing.
package dockerfile
