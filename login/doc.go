// Package login signs people in, keeps them signed in with a sealed cookie,
// and signs what the app is told about them.
//
//		browser ── POST /.berth/sign-in ──▶ password ──▶ directory
//		        ◀── sealed cookie ─────────
//		browser ── any request ──▶ Authenticate ──▶ session ──▶ Assertion ──▶ app
//
//	  - [Service.Handler] serves the pages and endpoints under /.berth/ and the
//	    key set apps verify assertions with. They need no JavaScript.
//	  - [Service.Authenticate] says who the caller of a request is. What a cookie
//	    opens to is remembered with the generation of the directory it was
//	    worked out under, so most requests cost one look-up and no allocation,
//	    and a change in the directory counts at the next request.
//	  - [Service.Assertion] returns the signed assertion for the app, again from
//	    memory until half of its lifetime is over.
//
// A cookie counts on the transport it was made for alone: __Host-berth over
// TLS, berth over plain HTTP and there only with [Config.AllowInsecure]. When a
// credential does not count, the caller is anonymous and a cookie is cleared;
// the reason is for logs, not for the caller. While the directory is silent
// nobody is signed in.
package login
