export { WitnessError, type WitnessErrorCode, witnessErrorCodes } from "./errors.ts";
export { settings, type WitnessSettings } from "./settings.ts";
export { type RunningWitness, startWitness, type WitnessOptions } from "./witness.ts";
