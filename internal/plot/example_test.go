package plot_test

import (
	"fmt"
	"os"

	"github.com/berth-project/berth/internal/plot"
)

func ExampleChart_Table() {
	err := plot.Chart{
		Title: "Share of the queue", Kind: plot.Shares, X: []float64{0, 100, 200}, XName: "picks",
		Series: []plot.Series{
			{Name: "acme", Values: []float64{0, 90, 150}},
			{Name: "zeta", Values: []float64{0, 10, 50}},
		},
	}.Table(os.Stdout)
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// <table><caption>Share of the queue</caption>
	// <thead><tr><th scope="col">picks</th><th scope="col" class="n">acme</th><th scope="col" class="n">zeta</th></tr></thead>
	// <tbody>
	// <tr><th scope="row">0</th><td class="n">–</td><td class="n">–</td></tr>
	// <tr><th scope="row">100</th><td class="n">90 %</td><td class="n">10 %</td></tr>
	// <tr><th scope="row">200</th><td class="n">75 %</td><td class="n">25 %</td></tr>
	// </tbody></table>
}
