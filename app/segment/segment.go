// Package segment decides who a rule holds for. It owns what each operator means on a
// value ([Tester]), the evaluator of one customer as stored, its explanation, and a
// rule's sentence in English. It never reads or writes by itself: facts are handed in.
//
// The invariant: a rule has one truth. Whoever evaluates it otherwise (app/column does,
// for everybody at once) goes by the Tester's reading of values and by [app.Duration]'s
// reckoning of time, and is held equal to [Match] by random rules and histories.
package segment
