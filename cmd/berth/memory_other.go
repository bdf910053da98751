//go:build !linux

package main

// forgetProgramPages is for systems that count a program's pages as its memory.
func forgetProgramPages() {}
