// Package directory knows users, tenants, what a user is in a tenant, what a
// tenant subscribes to, and which sessions have been ended early.
//
//		berth user|tenant|role …  ──▶  Store  ◀──  Resolver  ◀──  login, on each request
//		                              (sqlite)     (cache)
//
//	  - [Store] is the contract of a database. Package directorytest holds the
//	    suite that fixes its meaning; directory/sqlite keeps it.
//	  - [Resolver] answers "who is this user now" and "has this session been
//	    revoked" from memory. A change made through the same store counts at
//	    once, one made by another process within [ResolverConfig.Poll]; the audit
//	    trail says which answers it voids, and a session that ends voids no other.
//	    When the store has not answered for [ResolverConfig.MaxStale] the resolver
//	    stops answering: nobody keeps access because a database is down.
//
// Roles and subscriptions may end. An [Identity] carries the earliest end of
// anything in it, so a role stops at its time and not when a cache happens to
// be refreshed.
package directory
