// Package static serves files from a directory.
package static
