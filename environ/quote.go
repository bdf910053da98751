package environ

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Quote returns value as it has to be written in a dotenv file, so that
// [ParseDotenv] reads it back byte for byte: bare where that is possible, then
// in single, else in double quotes. It fails for what no file can hold: a NUL
// byte and text that is not UTF-8.
func Quote(value string) (string, error) {
	switch {
	case strings.ContainsRune(value, 0):
		return "", errors.New("value holds a NUL byte")
	case !utf8.ValidString(value):
		return "", errors.New("value is not UTF-8")
	case bare(value):
		return value, nil
	case !strings.ContainsAny(value, "'\r"):
		return "'" + value + "'", nil
	}
	return `"` + doubleQuoting.Replace(value) + `"`, nil
}

var doubleQuoting = strings.NewReplacer(
	`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`", "\n", `\n`, "\r", `\r`, "\t", `\t`)

// bare reports whether value reads back without quotes.
func bare(value string) bool {
	for i := range len(value) {
		c := value[i]
		if _, bad := bareProblem(c); bad || homeAt(value, i) || c == ' ' || c == '\t' || c == '\r' {
			return false
		}
	}
	return true
}
