package gateway

import (
	"net/http"
	"sync"
	"time"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway/compress"
	"github.com/berth-project/berth/gateway/listen"
	"github.com/berth-project/berth/gateway/upstream"
	"github.com/berth-project/berth/gateway/urlpath"
	"github.com/berth-project/berth/session"
)

// exchange is everything the chain learns about one request. It is pooled:
// nothing in it may be referred to once the request has been answered, which
// is why header values, that the server writes later, are never kept in it.
type exchange struct {
	g      *Gateway
	table  *installed
	r      *http.Request // as it is served; an internal redirect replaces it
	method string        // as it came
	conn   *listen.Conn
	out    recorder
	in     body

	compressed compress.Writer // before out, where the answer may be compressed

	start    time.Time
	ident    identity
	src      source
	host     string // lower case, without port
	hostPort string
	path     urlpath.Path
	pathErr  error

	credential Credential
	session    *session.Session
	setCookie  string
	ask        access.Request
	decision   access.Decision
	route      *route

	dropCookie        bool
	dropAuthorization bool
	dropHeader        string // the credential that is neither
	up                upstream.Request
	dropFunc          func(string) bool
	head              []byte // lines added for the upstream
	accel             accel

	cut     upstream.Cutoff
	guard   *guard // kept over uses; nil until an exchange outlived its first write
	lapsed  bool   // the caller lost access before the answer came
	release func() // ends the watching for the end of the server

	record Record
}

// pool of exchanges. An exchange keeps its head buffer and its bound method.
type pool struct{ p sync.Pool }

func (p *pool) take(g *Gateway, w http.ResponseWriter, r *http.Request) *exchange {
	x, _ := p.p.Get().(*exchange)
	if x == nil {
		x = &exchange{}
		x.dropFunc = x.drop
	}
	x.g, x.table, x.r, x.method, x.start = g, g.hold(), r, r.Method, g.now()
	x.out.reset(x, w)
	x.conn = listen.ConnOf(r)
	return x
}

func (p *pool) give(x *exchange) {
	x.table.users.Add(-1)
	head, drop, guard := x.head[:0], x.dropFunc, x.guard
	if cap(head) > 16<<10 {
		head = nil
	}
	*x = exchange{head: head, dropFunc: drop, guard: guard}
	p.p.Put(x)
}

// settle ends what was started to end the exchange from outside.
func (x *exchange) settle() {
	x.guard.stop()
	if x.release != nil {
		x.release()
	}
}

// fill completes the record of the exchange.
func (x *exchange) fill(now time.Time) *Record {
	rec := &x.record
	rec.Time, rec.Duration = x.start, now.Sub(x.start)
	rec.ID = x.ident.id
	rec.Method, rec.Host, rec.Proto = x.method, x.host, x.r.Proto
	rec.Path = x.path.Decoded
	rec.Client = x.src.client
	rec.Rule, rec.Tenant = x.decision.RuleID, x.decision.Tenant
	if !x.session.Anonymous() {
		rec.User = x.session.User.ID
	}
	if x.route != nil {
		rec.Route, rec.Silent = x.route.name, x.route.config.Silent
	}
	rec.Status = x.out.status
	rec.BytesIn, rec.BytesOut = max(rec.BytesIn, x.in.read), max(rec.BytesOut, x.out.bytes)
	return rec
}
