export { permutation, philox, randomStream } from '../../random/randomStream';
export type { RandomStream } from '../../random/randomStream';
