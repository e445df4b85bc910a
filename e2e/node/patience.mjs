// How many milliseconds a step in a browser may take, on a machine that does much else.
export const PATIENCE = 180_000
