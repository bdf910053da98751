package workflow

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/berth-project/berth/internal/glob"
)

// Retry says when and how often a failed attempt of a step is tried again.
type Retry struct {
	// Max is how many attempts there may be after the first.
	Max int `json:"max" min:"0" max:"1000" required:"true"`
	// Backoff is the pause before the second attempt. Default: 1s.
	Backoff Duration `json:"backoff,omitempty"`
	// MaxBackoff is the longest a pause grows to. A failed attempt may ask for a
	// longer one than it would be, as an HTTP server does with Retry-After: at
	// most for this where it is given, else for an hour. Default: 5m.
	MaxBackoff Duration `json:"max-backoff,omitempty"`
	// Factor is what each pause is multiplied by to get the next. Default: 2.
	Factor float64 `json:"factor,omitempty" min:"0" max:"100"`
	// Jitter is how much of a pause is left to chance, from 0 to 1: with 0.2 a
	// pause of 10s takes 8 to 10 seconds. Default: 0.
	Jitter float64 `json:"jitter,omitempty" min:"0" max:"1"`
	// On lists the codes of errors that are tried again, where "*" stands for
	// any text: "timeout", "exit.*", "http.5*". Default: all.
	On []string `json:"on,omitempty" format:"code"`
	// Except lists the codes of errors that are not, whatever "on" says.
	Except []string `json:"except,omitempty" format:"code"`
}

// The defaults of [Retry].
const (
	DefaultBackoff    = Duration(time.Second)
	DefaultMaxBackoff = Duration(5 * time.Minute)
	DefaultFactor     = 2.0
)

// mostAsked bounds the pause that a failed attempt asks for where the rule does
// not.
const mostAsked = Duration(time.Hour)

// Allows reports whether an attempt may follow after so many failed ones, the last of
// which failed with the code. A nil rule allows none.
func (r *Retry) Allows(failures int, code string) bool {
	if r == nil || failures > r.Max {
		return false
	}
	matches := func(pattern string) bool { return glob.Match(pattern, code) }
	if slices.ContainsFunc(r.Except, matches) {
		return false
	}
	return len(r.On) == 0 || slices.ContainsFunc(r.On, matches)
}

// Delay returns the pause after so many failed attempts, from 1. asked is what the
// last of them asked for, which no chance shortens; 0 is nothing. rnd decides the
// part that is left to chance: any number, the same for the same answer.
func (r *Retry) Delay(failures int, asked Duration, rnd uint64) time.Duration {
	if r == nil || failures < 1 {
		return 0
	}
	first, most, factor := r.Backoff, r.MaxBackoff, r.Factor
	if first == 0 {
		first = DefaultBackoff
	}
	if most == 0 {
		most = max(DefaultMaxBackoff, first)
	}
	if factor == 0 {
		factor = DefaultFactor
	}
	pause := min(float64(first)*math.Pow(factor, float64(failures-1)), float64(most))
	share := float64(rnd>>11) / (1 << 53)
	return max(time.Duration(pause*(1-r.Jitter*share)), min(asked, cmp.Or(r.MaxBackoff, mostAsked)).Std())
}
