import type { EngineClient } from '../engine/engineClient';

/** The part of an engine that looks at models and data without training. */
export type LookingEngine = Pick<EngineClient, 'describeModels' | 'describeDatasets' | 'propose'>;
