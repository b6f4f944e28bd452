package keyfile

// LowerCostForTest makes scrypt cheap: the tests are not about its cost.
func LowerCostForTest() { workFactor = 4 }
