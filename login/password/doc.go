// Package password keeps and checks passwords, and limits guessing at them.
//
//   - [Hasher] hashes with argon2id (RFC 9106) and checks without telling, by
//     its result or by its time, whether there was a hash to check against.
//     How many hashes run at once is bounded, and with it the memory.
//   - [Policy] says which new passwords are taken.
//   - [Limiter] counts attempts by user and by address, before any hash is
//     computed.
//
// Passwords are compared byte for byte as the browser sent them in UTF-8.
package password
