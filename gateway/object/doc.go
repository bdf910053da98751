// Package object sends private objects that an app names in an internal
// redirect.
package object
