// Command benchmarks prints what it costs to decide that a SAML response is
// good, as a multiple of the cryptography that the decision needs.
//
// The floor of a message is base64 decoding it, one RSA verification for every
// signature, SHA-256 over the octets that are signed and, of an encrypted one, a
// private RSA operation and AES, by the same standard library in the same run. Everything is measured as CPU time of the process,
// garbage collection included, in rounds that take turns, so that a busy
// machine slows all alike; the figure is the median over the rounds.
//
// The peers are other Go libraries, with the calls that their documentation
// shows. goxmldsig verifies the signatures alone and judges nothing that the
// message says.
package main

import (
	"fmt"
	"os"
	"runtime"
	"text/tabwriter"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
}

func run() error {
	cases, err := messages()
	if err != nil {
		return err
	}
	fmt.Printf("CPU time to verify a response, in multiples of the cryptography it needs (%s, %s/%s)\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	table := []byte("message\toctets\tfloor\tSallyport\tallocations\tto reach\tgoxmldsig 1.6.1\tcrewjam/saml 0.5.1\t\n")
	for _, c := range cases {
		contenders, err := c.contenders()
		if err != nil {
			return err
		}
		cost, err := measure(contenders)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		table = fmt.Appendf(table, "%s\t%d\t%.1f µs\t%.2f ×\t%.0f\t%.2f ×\t%s\t%s\t\n", c.name, len(c.message),
			cost[floor].micros, cost[sallyport].multiple, cost[sallyport].allocations, c.reach, peer(cost[goxmldsig]), peer(cost[crewjam]))
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	if _, err := out.Write(table); err != nil {
		return err
	}
	return out.Flush()
}

// peer returns the multiple of a peer, or a dash if it was not measured.
func peer(c cost) string {
	if c.micros == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f ×", c.multiple)
}
