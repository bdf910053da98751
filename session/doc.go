// Package session says who the caller of a request is, and carries that from
// the gateway to the browser and to the app.
//
// Three forms of one value:
//
//		browser  ── sealed cookie ──▶  gateway  ── signed assertion ──▶  app
//		            Sealer.Seal/Open               Signer.Sign      Verifier.Verify
//
//	  - [Session] is the value the gateway works with.
//	  - The sealed cookie says who signed in, when and how, encrypted and
//	    authenticated, so a gateway keeps no table of sessions. What the user may
//	    do is not in it: roles come from the directory at each request.
//	  - The assertion (header Berth-Assertion) is a short-lived signed JWT the
//	    app verifies against the gateway's key set, so an app that is reached
//	    past the gateway believes nobody.
//
// Keys of both forms live in a [KeySet] with a previous, a current and a next
// key, so that a rotation needs no restart and signs nobody out.
//
// Apps import this package: [Verifier], its Middleware, [FromContext] and
// [Require] are all an app needs. It depends on nothing else of Berth's but
// package secret.
package session
