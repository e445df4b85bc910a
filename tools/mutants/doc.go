// Command mutants switches the checks of the SAML core off, one at a time, and
// looks which hostile cases turn red.
//
//	go run -C tools/mutants .
//
// A check is a call that refuses: refuse, fail and their like in packages
// xmltree, xmldsig, xmlenc and saml. The program finds all of them by itself, so
// that none is forgotten when another is added, and compiles the tests of these
// packages once with a switch in front of every check, by way of an overlay: the
// sources on disk stay as they are. Off means that the condition which leads to
// the refusal counts as not met, and that everything else goes on.
//
// A first run, with all checks on, records which case gets as far as which check.
// Then one run for each check, of just these cases, has it off. What is
// demanded:
//
//   - At least one case turns red: some attack is refused by this check and by
//     nothing else that names the same rule. Checks that nobody would miss, since
//     another one behind them refuses by the same rule, are listed in table.go
//     with the reason; a check that is listed and is missed is an error too.
//   - Every case that turns red is one of the rule of the check. Tests say by
//     which rule a case is to be refused with the attribute refused-by.
//   - Every rule of saml.Rule has a check that turns a case red.
//
// A case that turns red is either accepted or refused by another rule. Beside the
// checks that are found there are mistakes to make that are no calls; table.go
// has those as well.
package main
