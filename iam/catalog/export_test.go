package catalog

// Unpack is what the first question costs.
var Unpack = unpack
