package upstream

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// choose returns an available target for the request, nil when there is none.
// Targets already tried come last.
func (g *Group) choose(x *exchange) *target {
	roster := *g.roster.Load()
	now := x.start.UnixNano()
	if x.res.Retries > 0 || x.waited {
		now = time.Now().UnixNano()
	}
	for range len(roster) + 1 {
		t := g.candidate(roster, x, now)
		if t == nil {
			break
		}
		if t.claim(now, g.cfg.Passive.FailTimeout) {
			return t
		}
	}
	// Passive health alone never empties a group.
	return g.place(roster, x, func(t *target) bool { return !t.down.Load() })
}

// candidate returns an available target, preferably one not tried.
func (g *Group) candidate(roster []*target, x *exchange, now int64) *target {
	if len(x.tried) > 0 {
		if t := g.place(roster, x, func(t *target) bool { return t.available(now) && !x.hasTried(t) }); t != nil {
			return t
		}
	}
	return g.place(roster, x, func(t *target) bool { return t.available(now) })
}

// place applies affinity, then balance, to the targets that are ok.
func (g *Group) place(roster []*target, x *exchange, ok func(*target) bool) *target {
	switch g.cfg.Affinity.By {
	case ByAddress:
		return g.affinity.place(x.req.Client, roster, ok, x.start)
	case ByCookie:
		if t := byToken(roster, x.token, ok); t != nil {
			return t
		}
	}
	if g.cfg.Balance == LeastConnections {
		return leastBusy(roster, int(g.turn.Add(1)), ok)
	}
	return inTurn(roster, int(g.turn.Add(1)), ok)
}

func byToken(roster []*target, token string, ok func(*target) bool) *target {
	if token == "" {
		return nil
	}
	for _, t := range roster {
		if t.token == token && ok(t) {
			return t
		}
	}
	return nil
}

func inTurn(roster []*target, turn int, ok func(*target) bool) *target {
	for i := range roster {
		if t := roster[uint(turn+i)%uint(len(roster))]; ok(t) {
			return t
		}
	}
	return nil
}

func leastBusy(roster []*target, turn int, ok func(*target) bool) *target {
	var best *target
	var least int64
	for i := range roster {
		t := roster[uint(turn+i)%uint(len(roster))]
		if n := t.inFlight.Load(); ok(t) && (best == nil || n < least) {
			best, least = t, n
		}
	}
	return best
}

// cookieToken returns the value of the affinity cookie.
func cookieToken(r *http.Request, name string) string {
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var part string
			part, line, _ = strings.Cut(line, ";")
			if k, v, ok := strings.Cut(trimBlanks(part), "="); ok && k == name {
				return v
			}
		}
	}
	return ""
}

// targetCookie is the Set-Cookie value that binds a browser to the target,
// empty when it is bound already. The token names a target by hash: it tells
// nothing, and a forged one only chooses among the same targets.
func (g *Group) targetCookie(x *exchange, t *target) string {
	a := &g.cfg.Affinity
	if a.By != ByCookie || x.token == t.token {
		return ""
	}
	v := a.Cookie + "=" + t.token + "; Path=/; HttpOnly; SameSite=Lax"
	if a.TTL > 0 {
		v += "; Max-Age=" + strconv.Itoa(int(a.TTL/time.Second))
	}
	if a.Secure {
		v += "; Secure"
	}
	return v
}
