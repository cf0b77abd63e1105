export { type Address, formatAddress, isLoopback, parseAddress } from "./address.ts";
export { type AdminServer, type AdminServerOptions, startAdminServer } from "./admin-server.ts";
export {
  type Config,
  type ConfigSources,
  type DescribedSetting,
  envName,
  flagName,
  loadConfig,
  type SettingOrigin,
  type SettingValues,
} from "./config.ts";
export { RuntimeError, type RuntimeErrorCode, runtimeErrorCodes } from "./errors.ts";
export { closeHttpServer, listenHttp, listenOn } from "./http-listener.ts";
export { Backoff, pause } from "./jobs/backoff.ts";
export { createBullmqJobs, createEmbeddedJobs } from "./jobs/create-jobs.ts";
export type {
  DueWork,
  JobDriver,
  JobOptions,
  JobState,
  JobStatus,
  LeaseAnswer,
  LeasedWork,
  RateOptions,
  WorkHandler,
  WorkSource,
} from "./jobs/job-driver.ts";
export { registerJobMetrics } from "./jobs/job-metrics.ts";
export {
  createLogger,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  logLevels,
} from "./logger.ts";
export {
  type Counter,
  createMetrics,
  type Gauge,
  type Histogram,
  latencyBucketsS,
  type Metrics,
} from "./metrics.ts";
export { Readiness } from "./readiness.ts";
export {
  addressSetting,
  booleanSetting,
  choiceSetting,
  integerSetting,
  keyUriSetting,
  optionalAddressSetting,
  optionalIntegerSetting,
  optionalTextSetting,
  type Setting,
  type SettingOptions,
  type Settings,
  textSetting,
} from "./settings.ts";
export { Shutdown, type ShutdownOptions } from "./shutdown.ts";
