// Package story runs an example as its README tells it: Berth as it is
// built from this repository, the example as its manifest says, and people who
// use it with programs and with browsers. The tests of every example share it;
// the examples' programs have nothing to do with it.
//
// A package of tests is in examples/NAME/e2e and makes an [Example]. The first
// test that asks for its [Service] starts it:
//
//	var ledger = story.New("examples/ledger", environment)
//
//	func TestMain(m *testing.M) { os.Exit(ledger.Main(m)) }
//
//	func TestPages(t *testing.T) {
//		casey := ledger.Service(t).SignIn(t, "casey@acme.test")
//		casey.Want(story.Get("/acme/"), 200)
//	}
package story
