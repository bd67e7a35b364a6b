package engine

// DynoxidePackage and StartSomewhere are for tests.
var (
	DynoxidePackage = dynoxidePackage
	StartSomewhere  = startSomewhere
)
