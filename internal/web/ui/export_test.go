package ui

// Pages that only their own functions make.
var (
	Leaving Page = leave{}
	Posting Page = post{}
	Failing Page = failure{}
)
