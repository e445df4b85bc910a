package main

// devCmd is for those who work on the program.
type devCmd struct {
	Fill  fillCmd  `cmd:"" help:"Fill an empty database with organizations and people, to measure lists with."`
	Lists listsCmd `cmd:"" help:"Ask for every page of a database that fill has filled, and say how long each takes."`
}
