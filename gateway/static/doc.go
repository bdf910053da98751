// Package static serves files from a directory.
//
// # Containment
//
// Every name is opened through an os.Root: no spelling of a path and no
// symbolic link leads out of the directory. On top of that only regular files
// are served (a FIFO or a device is not found), names that begin with a dot are
// hidden, and a directory is listed only when asked for. What is hidden,
// unreadable or outside is answered exactly like what does not exist.
//
// The directory may be replaced while it is served, by a deployment that
// renames a new one into its place: that is noticed within a second, or at the
// first name that is missing.
//
// # Entity tags
//
// Files up to 1 MiB have a strong tag made of their content, so it is the same
// on every machine that serves the same build, and changes even when a build
// gives all files one modification time. Larger files have a tag made of size,
// times and inode; one that changed within the last two seconds has a weak one,
// because a second change within the clock's resolution would not show (RFC
// 9110 §8.8.2.2).
//
// Tags and the content of small files are remembered, and used only while
// size, modification time, change time and inode are what they were.
//
// # What the caller sets wins
//
// Content-Type and Cache-Control are set only where the response's header does
// not have them, which is how an app names the type of a file it sends by an
// internal redirect.
package static
