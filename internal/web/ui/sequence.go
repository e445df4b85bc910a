package ui

import "time"

// Sequence is a picture of who spoke to whom, one after the other, with a table
// behind it: {{template "sequence" .}}.
type Sequence struct {
	ID      string
	Title   Text
	Parties []Text // from the start to the end of a line
	Hops    []SequenceHop
}

// SequenceHop is an arrow of a [Sequence].
type SequenceHop struct {
	From, To int // parties, from 0
	Name     Text
	Note     Text // such as what came of it
	State    State
	At       time.Time
}

// Size of a sequence, as it is drawn.
const (
	sequenceColumn = 230
	sequenceRow    = 52
	sequenceHead   = 44
	sequenceTip    = 7 // of an arrow
)

// sequencePlot is a sequence as it is drawn.
type sequencePlot struct {
	Width, Height, Foot int
	Parties             []sequenceParty
	Hops                []sequenceArrow
}

type sequenceParty struct {
	Name Text
	X    int
}

type sequenceArrow struct {
	SequenceHop
	X1, X2, Y   int
	TextX, Up   int // of the name above the arrow
	Down        int // of the note below it
	Tip, TipTop int
	TipBottom   int
}

// Clock returns the time of day of a hop.
func (h SequenceHop) Clock() string { return h.At.UTC().Format("15:04:05") }

// plot computes the picture.
func (s Sequence) plot() sequencePlot {
	p := sequencePlot{Width: len(s.Parties) * sequenceColumn, Height: sequenceHead + len(s.Hops)*sequenceRow + sequenceRow/2}
	p.Foot = p.Height - sequenceRow/4
	middle := func(i int) int { return i*sequenceColumn + sequenceColumn/2 }
	for i, name := range s.Parties {
		p.Parties = append(p.Parties, sequenceParty{Name: name, X: middle(i)})
	}
	for i, h := range s.Hops {
		y := sequenceHead + i*sequenceRow + sequenceRow*2/3
		a := sequenceArrow{SequenceHop: h, X1: middle(h.From), X2: middle(h.To), Y: y, Up: y - 7, Down: y + 15, TipTop: y - sequenceTip/2 - 1, TipBottom: y + sequenceTip/2 + 1}
		a.TextX = (a.X1 + a.X2) / 2
		a.Tip = a.X2 - sequenceTip
		if h.To < h.From {
			a.Tip = a.X2 + sequenceTip
		}
		p.Hops = append(p.Hops, a)
	}
	return p
}
