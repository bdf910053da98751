package store

// Owner is who may write to a shard.
type Owner struct {
	Shard int
	Node  string
	Addr  string // where other nodes reach it
	Epoch uint64 // grows with every Acquire of the shard
	Seq   uint64 // of the last batch written in any epoch
	Until Millis // when the lease ends, by the store's clock; 0 when given back
}
