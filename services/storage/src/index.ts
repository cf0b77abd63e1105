export { statusOf } from "./server.ts";
export { type Addresses, type StorageOptions, servedServices, startStorage } from "./service.ts";
export { type StorageSettings, settings } from "./settings.ts";
