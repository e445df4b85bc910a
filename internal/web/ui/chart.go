package ui

import (
	"strconv"
	"strings"
)

// Chart is a picture of numbers, with a table behind it: {{template "chart" .}}.
type Chart struct {
	ID     string
	Title  Text
	Kind   ChartKind
	Labels []Text // what the numbers stand for, such as days
	Series []Series
}

// ChartKind is how numbers are drawn.
type ChartKind string

// The kinds of charts.
const (
	Bars  ChartKind = "bars" // series are stacked
	Lines ChartKind = "lines"
	Ranks ChartKind = "ranks" // one series, a line for each label, as they come
)

// Series is a row of numbers, one for each label. A chart has at most four.
type Series struct {
	Name   Text
	Values []int
}

// plot is a chart as it is drawn, on a canvas that is stretched to the room
// there is. What is written stands beside it, so that it is not.
type plot struct {
	None          bool // there is nothing to draw
	Width, Height int
	Max           int
	Bars          []bar
	Lines         []line
	Ranks         []rank
	First, Last   Text
}

type rank struct {
	Name  Text
	Value int
	W     int // of [rankWidth]
}

type bar struct {
	Series     int // from 1
	X, Y, W, H int
}

type line struct {
	Series int
	Points string
}

// Size of the canvas: of what stands for one label, and of the whole.
const (
	plotStep   = 24
	plotGap    = 6
	plotHeight = 160
	plotFewest = 7 // labels for which there is room at least, so that one is no wall
	rankWidth  = 1000
)

// plot computes the picture.
func (c Chart) plot() plot {
	n := len(c.Labels)
	p := plot{Width: max(n, plotFewest) * plotStep, Height: plotHeight}
	highest := c.highest()
	p.None, p.Max = highest == 0, niceMax(highest)
	if n > 0 {
		p.First = c.Labels[0]
	}
	if n >= plotFewest {
		p.Last = c.Labels[n-1]
	}
	switch c.Kind {
	case Ranks:
		p.Max = highest
		for i, value := range c.ranked() {
			p.Ranks = append(p.Ranks, rank{Name: c.Labels[i], Value: value, W: value * rankWidth / max(highest, 1)})
		}
		return p
	case Lines:
		for s, series := range c.Series {
			var points []string
			for i, value := range series.Values[:min(n, len(series.Values))] {
				points = append(points, strconv.Itoa(i*plotStep+plotStep/2)+","+strconv.Itoa(plotHeight-p.scale(value)))
			}
			p.Lines = append(p.Lines, line{Series: s + 1, Points: strings.Join(points, " ")})
		}
		return p
	}
	for i := range n {
		below := 0
		for s, series := range c.Series {
			if i >= len(series.Values) || series.Values[i] <= 0 {
				continue
			}
			top := below + series.Values[i]
			y := plotHeight - p.scale(top)
			p.Bars = append(p.Bars, bar{Series: s + 1, X: i*plotStep + plotGap/2, Y: y, W: plotStep - plotGap, H: plotHeight - p.scale(below) - y})
			below = top
		}
	}
	return p
}

// ranked returns the numbers that are drawn one below the other.
func (c Chart) ranked() []int {
	if len(c.Series) == 0 {
		return nil
	}
	values := c.Series[0].Values
	return values[:min(len(values), len(c.Labels))]
}

// highest returns the largest number that is drawn: of a stack, its sum.
func (c Chart) highest() int {
	highest := 0
	for i := range c.Labels {
		sum := 0
		for _, series := range c.Series {
			if i >= len(series.Values) {
				continue
			}
			if c.Kind != Bars {
				highest = max(highest, series.Values[i])
			} else {
				sum += series.Values[i]
			}
		}
		highest = max(highest, sum)
	}
	return highest
}

// scale returns how high a number is drawn.
func (p plot) scale(value int) int {
	if p.Max == 0 {
		return 0
	}
	return max(value, 0) * plotHeight / p.Max
}

// niceMax returns the end of an axis for a highest number: the next of 1, 2,
// 4, 5, 8 or 10 times a power of ten.
func niceMax(highest int) int {
	for power := 1; power <= 1<<53; power *= 10 {
		for _, step := range []int{1, 2, 4, 5, 8, 10} {
			if step*power >= highest {
				return step * power
			}
		}
	}
	return highest
}
