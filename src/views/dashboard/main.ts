import { readMemory } from '../../run/viewProtocol';
import { startPage } from '../page/bridge';
import { Dashboard } from './dashboard';

startPage('dashboard', ({ root, bridge, remembered }) => new Dashboard(root, bridge, readMemory(remembered)));
