// Package registry gets the configurations of images and the contents of features from OCI layouts, dcverify's cache and
// registries.
//
// Its one rule: without leave it touches no network.
package registry
