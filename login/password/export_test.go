package password

// Users is how many users are remembered.
func (l *Limiter) Users() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.users.byKey)
}

// Addresses is how many addresses are remembered.
func (l *Limiter) Addresses() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.addresses.byKey)
}
