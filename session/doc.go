// Package session says who the caller of a request is, and carries that from
// the gateway to the browser and to the app.
//
// Three forms of one value:
//
//	browser  ── sealed cookie ──▶  gateway  ── signed assertion ──▶  app
//	            Sealer.Seal/Open               Signer.Sign      Verifier.Verify
//
// What each of them is for:
//
//   - [Session] is the value the gateway works with.
//   - The sealed cookie says who signed in, when and how, encrypted and
//     authenticated, so a gateway keeps no table of sessions. What the user may
//     do is not in it: roles come from the directory at each request.
//   - The assertion (header Berth-Assertion) is a short-lived signed JWT the
//     app verifies against the gateway's key set, so an app that is reached
//     past the gateway believes nobody.
//
// Keys of both forms live in a [KeySet] with a previous, a current and a next
// key, so that a rotation needs no restart and signs nobody out:
//
//	           sealing: seals  opens    signing: signs  published
//	next                  –      ✓                 –        ✓
//	  │ Rotate
//	current               ✓      ✓                 ✓        ✓
//	  │ Rotate
//	previous              –      ✓                 –        ✓
//	  │ Rotate
//	forgotten             –      –                 –        –
//
// A next key is known everywhere before anything is made with it: gateways
// that reload one after the other open each other's cookies, and apps have
// fetched it by the time it signs.
//
// # In an app
//
// Apps import this package: [ConfigFromEnvironment], [NewVerifier] and its
// Middleware, [FromContext], [RequireUser] and [Require] are all an app needs,
// and [Development] where there is no gateway. It depends on nothing else of
// Berth's.
//
// # Formats
//
// A sealed cookie is v1.KEY.BASE64URL(nonce, ciphertext): XChaCha20-Poly1305
// over a binary payload, bound to the version, the key id and the service. An
// assertion is a compact JWS (RFC 7515) of type berth-assertion+jwt, signed
// with EdDSA or ES256; the key decides which, never the token.
package session
