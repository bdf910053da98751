package environ

import (
	"net/url"
	"regexp"
	"strings"
)

// Words of names that say the value is a credential. A word counts wherever a
// name has it between underscores, and the long ones anywhere.
var (
	sensitiveWord = regexp.MustCompile(`(?i)(^|_)(KEY|KEYS|PASS|PWD|PIN|OTP|SALT|SEED|AUTH|CERT|DSN|SID|JWT|PEM)(_|$)`)
	sensitivePart = regexp.MustCompile(`(?i)(SECRET|PASSW|PASSPHRASE|TOKEN|APIKEY|ACCESSKEY|PRIVATE|CREDENTIAL|COOKIE|SIGNATURE|BEARER|DATABASE_URL|CONNECTION_STRING|WEBHOOK)`)
)

// Sensitive reports whether a variable looks like a credential: by its name,
// or because its value is a URL with a user in it or a PEM block.
func Sensitive(name, value string) bool {
	if sensitiveWord.MatchString(name) || sensitivePart.MatchString(name) || strings.Contains(value, "-----BEGIN") {
		return true
	}
	if !strings.Contains(value, "@") || !strings.Contains(value, "://") {
		return false
	}
	u, err := url.Parse(value)
	return err != nil || u.User != nil
}

// What may be shown: both the name and the shape of the value have to say
// that it is harmless.
var (
	boolValue    = regexp.MustCompile(`^(?i)(true|false|yes|no|on|off|0|1)$`)
	numberName   = regexp.MustCompile(`^(?i)(.*_)?(PORT|TIMEOUT|SECONDS|WORKERS|THREADS|CONCURRENCY|REPLICAS|RETRIES|LIMIT|SIZE|COUNT|INTERVAL|TTL|VERBOSITY)$`)
	numberValue  = regexp.MustCompile(`^[0-9]{1,5}(ms|s|m|h)?$`)
	wordName     = regexp.MustCompile(`^(?i)((.*_)?(ENV|ENVIRONMENT|LOG_LEVEL|LOG_FORMAT|REGION|TIMEZONE|LOCALE)|TZ|LANG|LANGUAGE|LC_[A-Z]+|TERM|SHLVL)$`)
	wordValue    = regexp.MustCompile(`^[A-Za-z0-9._/+-]{1,32}$`)
	lengthLabels = []struct {
		below int
		label string
	}{{8, "[1-7 bytes]"}, {32, "[8-31 bytes]"}, {128, "[32-127 bytes]"}, {1024, "[128-1023 bytes]"}}
)

// Mask renders the value of a variable for people. It is the value itself when
// the variable is not sensitive and plainly harmless: a boolean; a short
// number in a variable named like a port, a limit or a timeout; a short word
// in one named like an environment, a log level, a region or a locale. Of
// anything else it tells no more than in which of five ranges its length
// falls.
func Mask(v Variable) string {
	value := v.Value.Reveal()
	if value == "" {
		return "(empty)"
	}
	if !v.Sensitive && !Sensitive(v.Name, value) && harmless(v.Name, value) {
		return value
	}
	for _, l := range lengthLabels {
		if len(value) < l.below {
			return l.label
		}
	}
	return "[1024 bytes or more]"
}

func harmless(name, value string) bool {
	return boolValue.MatchString(value) ||
		numberName.MatchString(name) && numberValue.MatchString(value) ||
		wordName.MatchString(name) && wordValue.MatchString(value)
}
