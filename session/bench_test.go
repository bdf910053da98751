package session_test

import (
	"testing"

	"github.com/berth-project/berth/session"
)

func BenchmarkSeal(b *testing.B) {
	s := newSealer(b, newKeys(b, session.EdDSA), newClock().Now)
	sess := teller()
	b.ReportAllocs()
	for b.Loop() {
		seal(b, s, sess)
	}
}

func BenchmarkOpen(b *testing.B) {
	s := newSealer(b, newKeys(b, session.EdDSA), newClock().Now)
	value := seal(b, s, teller())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Open(value); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range []session.Algorithm{session.EdDSA, session.ES256} {
		b.Run(string(alg), func(b *testing.B) {
			s := newSigner(b, newKeys(b, alg), newClock().Now)
			sess := teller()
			b.ReportAllocs()
			for b.Loop() {
				sign(b, s, &sess, "acme")
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []session.Algorithm{session.EdDSA, session.ES256} {
		clk := newClock()
		s := newSigner(b, newKeys(b, alg), clk.Now)
		server := newKeyServer(b, s.JWKS())
		sess := teller()
		token := sign(b, s, &sess, "acme")
		b.Run(string(alg)+"/remembered", func(b *testing.B) {
			v := newVerifier(b, server.URL, clk.Now)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(string(alg)+"/new", func(b *testing.B) {
			// More tokens than are remembered, so that each is new again.
			tokens := make([]string, 2048)
			for i := range tokens {
				tokens[i] = sign(b, s, &sess, "acme")
			}
			v := newVerifier(b, server.URL, clk.Now)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := v.Verify(b.Context(), tokens[i%len(tokens)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
