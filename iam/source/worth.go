package source

import "strings"

// extensions are those of files in which people keep policies.
var extensions = []string{".json", ".tf", ".tofu", ".template", ".md", ".markdown", ".txt", ".rst", ".adoc", ".asciidoc"}

// Extensions returns the extensions of files that may hold policies, with the
// dot.
func Extensions() []string { return append([]string(nil), extensions...) }

// passed are folders that hold other people's files, or none.
var passed = map[string]bool{
	".git": true, ".hg": true, ".svn": true, ".terraform": true, ".venv": true, ".aws-sam": true,
	"node_modules": true, "bower_components": true, "vendor": true, "__pycache__": true,
}

// manifests are files that are JSON and never hold a policy.
var manifests = map[string]bool{
	"package.json": true, "package-lock.json": true, "npm-shrinkwrap.json": true, "tsconfig.json": true,
	"composer.json": true, "manifest.json": true, "angular.json": true, "requirements.txt": true, "robots.txt": true,
}

// Worth reports whether a file of a tree is worth reading when all of the tree is
// searched: path is relative to it. A file that someone names is worth reading
// whatever it is called.
func Worth(path string) bool {
	folder, base := split(path)
	if !WorthFolder(folder) || manifests[base] {
		return false
	}
	for _, e := range extensions {
		if len(base) > len(e) && strings.EqualFold(base[len(base)-len(e):], e) {
			return true
		}
	}
	return false
}

// WorthFolder reports whether a folder of a tree may hold files that are worth
// reading: path is relative to the tree, "." or empty for the tree itself.
func WorthFolder(path string) bool {
	for path != "" {
		var base string
		if path, base = split(path); passed[base] {
			return false
		}
	}
	return true
}

// split cuts the last element off a path, of either kind of system.
func split(path string) (folder, base string) {
	i := strings.LastIndexAny(path, `/\`)
	return path[:max(i, 0)], path[i+1:]
}
