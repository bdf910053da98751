package service

import (
	"net/netip"

	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/telemetry"
)

// observe is told every request: it feeds the console and the access log.
func (s *Service) observe(r *gateway.Record) {
	s.feed.Observe(r)
	if s.accessLog == nil || r.Silent || !s.serving().m.Gateway.AccessLog {
		return
	}
	line := telemetry.Request{
		Time: r.Time, ID: r.ID, Client: clientText(r.Client), Method: r.Method, Host: r.Host, Path: r.Path, Proto: r.Proto,
		Status: r.Status, Duration: r.Duration, UpstreamDuration: r.UpstreamDuration, BytesIn: r.BytesIn, BytesOut: r.BytesOut,
		Route: r.Route, Rule: r.Rule, Upstream: r.Upstream, User: r.User, Tenant: r.Tenant,
		Retries: r.Retries, Reason: r.Reason, Error: r.Error,
	}
	s.accessLog.Write(&line)
}

func clientText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
